use nnx::module::{Not, of_type, path_contains, state, update};
use nnx::nn::{BatchNorm, Linear};
use nnx::random::Rngs;
use nnx::{Module, Param};

#[derive(Module)]
struct Net {
    layers: Vec<Linear>,
    norm: BatchNorm,
}

fn main() -> nnx::Result<()> {
    let mut rngs = Rngs::new(0);
    let layers = vec![Linear::new(2, 3, &mut rngs), Linear::new(3, 1, &mut rngs)];
    let mut net = Net { layers, norm: BatchNorm::new(3, &mut rngs) };

    let all = state(&net);
    println!("{all:?}");
    let kernels = all.filter(path_contains("kernel"));
    println!(
        "{} kernels, {} without Param",
        kernels.len(),
        all.filter(Not(of_type::<Param>())).len()
    );

    // Changed, and put back where it came from.
    update(&mut net, kernels.map(|_, leaf| leaf.value * 0.5))?;
    assert_eq!(state(&net)["layers[1].kernel"].value.shape(), [3, 1]);
    Ok(())
}
