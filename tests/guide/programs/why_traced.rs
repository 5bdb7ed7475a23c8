use nnx::jit::assert_max_traces;
use nnx::{Array, DType, array};

#[nnx::jit(graph = false)]
fn mean(batch: &Array, times: usize) -> nnx::Result<Array> {
    Ok(batch.mean(..) * times)
}

fn main() {
    let (full, rest) = (array::ones([32, 4], DType::F32), array::ones([7, 4], DType::F32));
    let error = assert_max_traces(1, || {
        mean(&full, 1)?;
        mean(&rest, 1)
    });
    println!("{}\n", error.unwrap_err());

    let error = assert_max_traces(0, || mean(&full, 2));
    println!("{}", error.unwrap_err());
}
