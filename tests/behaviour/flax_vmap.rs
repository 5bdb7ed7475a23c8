//! Counterparts of Flax's tests of `vmap` in tree mode. The table in `docs/flax-tests.md` says which is which.

use nnx::module::{BatchStat, Path, RngCount, RngKey, VarInfo};
use nnx::nn::{BatchNorm, Dropout, Linear, relu};
use nnx::random::{self, Key, Rngs, split_rngs};
use nnx::{
    Any, Array, DType, Everything, Module, Param, StateAxes, Variable, in_axes, of_type, vmap,
    with_tag,
};

fn ones(shape: &[usize]) -> Array {
    nnx::array::ones(shape, DType::F32)
}

fn normal(seed: u64, shape: &[usize]) -> Array {
    random::normal(&random::key(seed), shape, DType::F32)
}

fn close(a: &Array, b: &Array) -> bool {
    a.shape() == b.shape() && (a - b).abs().max(..).item::<f32>() < 1e-5
}

/// Element `i` along the first axis.
fn element(x: &Array, i: usize) -> Array {
    x.slice([i.into()])
}

#[derive(Module)]
struct Weights {
    w: Param,
}

#[test]
fn one_module_holds_an_ensemble() {
    let model = Weights { w: Param::new(normal(0, &[5, 2, 3])) };
    let f = |(m, x): (&Weights, &Array)| {
        assert_eq!(m.w.shape(), [2, 3]);
        x.matmul(&*m.w)
    };
    let y = vmap(f, (&model, &ones(&[2])), (0, None));
    assert!(close(&y, &model.w.sum(1)));
    let many = vmap(f, (&model, &ones(&[4, 2])), (0, None));
    assert_eq!(many.shape(), [5, 4, 3]);
    for i in 0..5 {
        for row in 0..4 {
            assert!(close(&element(&element(&many, i), row), &element(&y, i)), "{i}, {row}");
        }
    }
}

nnx::variable_kind! {
    struct Calls;
}

#[derive(Module)]
struct Counting {
    w: Param,
    count: Variable<Calls>,
}

#[test]
fn a_model_that_all_elements_share_counts_once() {
    let w = Param::new(normal(0, &[2, 3]));
    let mut model = Counting { w, count: Variable::new(Array::scalar(0)) };
    let x = normal(1, &[5, 2]);
    let f = |(m, x): (&mut Counting, &Array)| {
        m.count += 1;
        x.matmul(&*m.w)
    };
    let y = vmap(f, (&mut model, &x), (None, 0));
    assert!(close(&y, &x.matmul(&*model.w)));
    assert_eq!(model.count.item::<i32>(), 1);
}

#[test]
fn variables_have_axes_of_their_own() {
    let (w, b) = (Param::new(normal(0, &[5, 2, 3])), Param::new(normal(1, &[5, 3])));
    let x = normal(2, &[2, 5]);
    let f = |(w, b, x): (&Param, &Param, &Array)| x.matmul(&**w) + &**b;
    let y = vmap(f, (&w, &b, &x), in_axes((0, 0, 1)).out_axes(1));
    assert_eq!(y.shape(), [3, 5]);
    for i in 0..5 {
        let alone = element(&x.t(), i).matmul(element(&w, i)) + element(&b, i);
        assert!(close(&element(&y.t(), i), &alone), "element {i}");
    }
}

#[test]
fn an_ensemble_is_made_from_keys() {
    let keys = random::split(&random::key(0), 5);
    let make = |key: &Key| Linear::new(2, 3, &mut Rngs::new(key));
    let ensemble = vmap(make, &keys, 0);
    assert_eq!(ensemble.kernel.shape(), [5, 2, 3]);
    assert_eq!(ensemble.bias.as_ref().unwrap().shape(), [5, 3]);
    let y = vmap(|(m, x): (&Linear, &Array)| m.forward(x), (&ensemble, &ones(&[1, 2])), (0, None));
    assert_eq!(y.shape(), [5, 1, 3]);
    for (i, key) in keys.unstack::<5>().iter().enumerate() {
        let alone = make(key);
        assert!(close(&element(&ensemble.kernel, i), &alone.kernel), "model {i}");
        assert!(close(&element(&y, i), &alone.forward(ones(&[1, 2]))), "model {i}");
    }
}

#[test]
fn one_layer_for_a_batch() {
    let model = Linear::new(2, 3, &mut Rngs::new(0));
    let x = normal(0, &[5, 1, 2]);
    let y = vmap(|(m, x): (&Linear, &Array)| m.forward(x), (&model, &x), (None, 0));
    assert!(close(&y, &model.forward(&x)));
}

#[test]
fn layers_are_made_from_split_streams() {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, 5);
    let layers = vmap(|rngs: &mut Rngs| Linear::new(2, 3, rngs), &mut rngs, 0);
    before.restore(&mut rngs);
    assert_eq!(layers.kernel.shape(), [5, 2, 3]);
    assert_eq!(rngs.stream("default").count.item::<u32>(), 1);
    let f = |(m, x): (&Linear, &Array)| {
        assert_eq!((m.kernel.shape(), x.shape()), (&[2, 3][..], &[2][..]));
        m.forward(x)
    };
    let x = random::uniform(&rngs.params(), [2, 5], DType::F32);
    let y = vmap(f, (&layers, &x), in_axes((0, 1)).out_axes(1));
    assert_eq!(y.shape(), [3, 5]);
    let first = element(&x.t(), 0).matmul(element(&layers.kernel, 0));
    assert!(close(&element(&y.t(), 0), &first));
}

#[test]
fn variables_are_made_from_split_streams() {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, 5);
    let make = |rngs: &mut Rngs| {
        let w = random::normal(&rngs.params(), [2, 3], DType::F32);
        (Param::new(w), Param::new(random::normal(&rngs.params(), [3], DType::F32)))
    };
    let (w, b) = vmap(make, &mut rngs, 0);
    before.restore(&mut rngs);
    assert_eq!((w.shape(), b.shape()), (&[5, 2, 3][..], &[5, 3][..]));
    assert_eq!(rngs.stream("default").count.item::<u32>(), 1);
    let y = vmap(
        |(w, b, x): (&Param, &Param, &Array)| x.matmul(&**w) + &**b,
        (&w, &b, &ones(&[2, 5])),
        in_axes((0, 0, 1)).out_axes(1),
    );
    assert!(close(&y, &(w.sum(1) + &*b).t()));
}

#[derive(Module)]
struct Dropping {
    linear: Linear,
    dropout: Dropout,
}

impl Dropping {
    fn new(rngs: &mut Rngs) -> Dropping {
        Dropping { linear: Linear::new(3, 3, rngs), dropout: Dropout::new(0.5, rngs) }
    }

    fn forward(&mut self, x: &Array) -> Array {
        self.dropout.forward(relu(&self.linear.forward(x)))
    }
}

fn streams() -> Any<(nnx::module::OfType, nnx::module::OfType)> {
    Any((of_type::<RngKey>(), of_type::<RngCount>()))
}

#[test]
fn each_element_has_layers_and_streams_of_its_own() {
    let params_and_streams = || {
        let taken = Any((of_type::<Param>(), streams()));
        StateAxes::new().with(taken, 0).with(Everything, None)
    };
    let mut rngs = Rngs::new(0);
    let key = rngs.stream("default").key.to_vec::<u32>();
    let before = split_rngs(&mut rngs, Everything, 5);
    let axes = in_axes(0).out_axes(params_and_streams());
    let mut blocks = vmap(|rngs: &mut Rngs| Dropping::new(rngs), &mut rngs, axes);
    before.restore(&mut rngs);
    assert_eq!(rngs.stream("default").count.item::<u32>(), 1);
    assert_eq!(rngs.stream("default").key.to_vec::<u32>(), key);
    let kernel = &blocks.linear.kernel;
    assert_eq!(kernel.shape(), [5, 3, 3]);
    assert!(!close(&element(kernel, 0), &element(kernel, 1)));
    let x = ones(&[5, 1, 3]);
    let mut forward = || {
        let f = |(m, x): (&mut Dropping, &Array)| m.forward(x);
        vmap(f, (&mut blocks, &x), (params_and_streams(), 0))
    };
    let (first, second) = (forward(), forward());
    assert_eq!(first.shape(), [5, 1, 3]);
    assert!(!close(&first, &second));
    assert_eq!(blocks.dropout.rngs.as_ref().unwrap().count.to_vec::<u32>(), [2; 5]);
    assert_eq!(rngs.stream("default").key.to_vec::<u32>(), key);
}

#[test]
fn one_layer_with_a_stream_for_each_element() {
    let mut rngs = Rngs::new(0);
    let mut block = Dropping::new(&mut rngs);
    let key = block.dropout.rngs.as_ref().unwrap().key.to_vec::<u32>();
    let x = ones(&[5, 4, 3]);
    let forward = |block: &mut Dropping| {
        let before = split_rngs(block, Everything, 5);
        let axes = StateAxes::new().with(streams(), 0).with(Everything, None);
        let f = |(m, x): (&mut Dropping, &Array)| m.forward(x);
        let y = vmap(f, (&mut *block, &x), (axes, 0));
        before.restore(block);
        y
    };
    let y = forward(&mut block);
    assert_eq!((y.shape(), block.linear.kernel.shape()), (&[5, 4, 3][..], &[3, 3][..]));
    assert_eq!(block.dropout.rngs.as_ref().unwrap().count.item::<u32>(), 1);
    assert!(!close(&element(&y, 0), &element(&y, 1)));
    assert!(!close(&forward(&mut block), &y));
    assert_eq!(block.dropout.rngs.as_ref().unwrap().key.to_vec::<u32>(), key);
}

#[derive(Module)]
struct Normed {
    linear: Linear,
    bn: BatchNorm,
    dropout: Dropout,
}

impl Normed {
    fn new(rngs: &mut Rngs) -> Normed {
        Normed {
            linear: Linear::new(2, 3, rngs),
            bn: BatchNorm::new(3, rngs),
            dropout: Dropout::new(0.1, rngs),
        }
    }

    fn forward(&mut self, x: &Array) -> Array {
        relu(&self.dropout.forward(self.bn.forward(self.linear.forward(x))))
    }
}

#[test]
fn each_element_has_statistics_and_masks_of_its_own_and_all_share_the_params() {
    let own = || {
        let taken = Any((of_type::<BatchStat>(), with_tag("dropout")));
        StateAxes::new().with(taken, 0).with(Everything, None)
    };
    let mut rngs = Rngs::empty().with("params", 0).with("dropout", 1);
    let before = split_rngs(&mut rngs, with_tag("dropout"), 5);
    let make = |rngs: &mut Rngs| Normed::new(rngs);
    let mut block = vmap(make, &mut rngs, in_axes(own()).out_axes(own()));
    before.restore(&mut rngs);
    assert_eq!(block.linear.kernel.shape(), [2, 3]);
    assert_eq!(block.bn.scale.as_ref().unwrap().shape(), [3]);
    assert_eq!(block.bn.mean.shape(), [5, 3]);
    assert_eq!(block.dropout.rngs.as_ref().unwrap().key.shape(), [5, 2]);
    let f = |(m, x): (&mut Normed, &Array)| {
        assert_eq!(m.dropout.rngs.as_ref().unwrap().key.shape(), [2]);
        m.forward(x)
    };
    let y = vmap(f, (&mut block, &normal(3, &[5, 4, 2])), (own(), 0));
    assert_eq!(
        (y.shape(), block.dropout.rngs.as_ref().unwrap().key.shape()),
        (&[5, 4, 3][..], &[5, 2][..])
    );
    let mean = block.bn.mean.value();
    assert!(!close(mean, &mean.zeros_like()));
    assert!(!close(&element(mean, 0), &element(mean, 1)));
}

#[test]
fn each_element_has_everything_of_its_own() {
    let mut rngs = Rngs::new(0);
    let before = split_rngs(&mut rngs, Everything, 5);
    let mut blocks = vmap(|rngs: &mut Rngs| Normed::new(rngs), &mut rngs, 0);
    before.restore(&mut rngs);
    assert_eq!(blocks.linear.kernel.shape(), [5, 2, 3]);
    assert_eq!(blocks.bn.scale.as_ref().unwrap().shape(), [5, 3]);
    assert_eq!(blocks.bn.mean.shape(), [5, 3]);
    let x = normal(3, &[5, 4, 2]);
    let y = vmap(|(m, x): (&mut Normed, &Array)| m.forward(x), (&mut blocks, &x), 0);
    assert_eq!(y.shape(), [5, 4, 3]);
    let by_hand = element(&x, 2).matmul(element(&blocks.linear.kernel, 2)).mean(0) * 0.01;
    assert!(close(&element(&blocks.bn.mean, 2), &by_hand));
}

#[test]
fn an_ensemble_of_deep_models_sees_one_batch() {
    let keys = random::split(&random::key(0), 5);
    let mut ensemble = vmap(|key: &Key| Normed::new(&mut Rngs::new(key)), &keys, 0);
    let x = normal(1, &[4, 2]);
    let y = vmap(|(m, x): (&mut Normed, &Array)| m.forward(x), (&mut ensemble, &x), (0, None));
    assert_eq!((ensemble.linear.kernel.shape(), y.shape()), (&[5, 2, 3][..], &[5, 4, 3][..]));
    let mut alone = Normed::new(&mut Rngs::new(&keys.unstack::<5>()[3]));
    assert!(close(&element(&y, 3), &alone.forward(&x)));
    assert!(close(&element(&ensemble.bn.mean, 3), &alone.bn.mean));
    assert_eq!(ensemble.dropout.rngs.as_ref().unwrap().count.to_vec::<u32>(), [1; 5]);
}

#[test]
fn the_axis_of_each_leaf_of_the_result_is_chosen_by_its_path() {
    let of = |paths: &'static [&'static str]| {
        move |path: &Path, _: &VarInfo| paths.contains(&path.to_string().as_str())
    };
    let axes = StateAxes::new()
        .with(of(&["linear.kernel", "bn.scale", "bn.var"]), 0)
        .with(of(&["linear.bias", "bn.mean"]), 1)
        .with(Everything, None);
    let make = |()| Normed::new(&mut Rngs::new(0));
    let model = vmap(make, (), in_axes(()).out_axes(axes).axis_size(5));
    assert_eq!(model.linear.kernel.shape(), [5, 2, 3]);
    assert_eq!(model.linear.bias.as_ref().unwrap().shape(), [3, 5]);
    assert_eq!(model.bn.scale.as_ref().unwrap().shape(), [5, 3]);
    assert_eq!(model.bn.mean.shape(), [3, 5]);
    assert_eq!(model.bn.var.shape(), [5, 3]);
    assert_eq!(model.bn.bias.as_ref().unwrap().shape(), [3]);
}

/// Four layers, of which each element is one.
fn four() -> (Linear, BatchNorm) {
    let keys = random::split(&random::key(0), 4);
    vmap(
        |key: &Key| {
            let mut rngs = Rngs::new(key);
            (Linear::new(2, 3, &mut rngs), BatchNorm::new(3, &mut rngs))
        },
        &keys,
        0,
    )
}

/// The shapes that an element sees of the kernel, the bias, the scale and the mean.
fn seen(model: &(Linear, BatchNorm), axes: StateAxes) -> Vec<Vec<usize>> {
    let mut shapes = Vec::new();
    let look = |(linear, bn): &(Linear, BatchNorm)| {
        let bias = linear.bias.as_ref().unwrap();
        let leaves = [&linear.kernel, bias, bn.scale.as_ref().unwrap()].map(Param::value);
        shapes = leaves.map(|leaf| leaf.shape().to_vec()).to_vec();
        shapes.push(bn.mean.shape().to_vec());
        linear.kernel.sum(..)
    };
    assert_eq!(vmap(look, model, axes).shape(), [4]);
    shapes
}

fn whole() -> [Vec<usize>; 4] {
    [vec![4, 2, 3], vec![4, 3], vec![4, 3], vec![4, 3]]
}

fn sliced() -> [Vec<usize>; 4] {
    [vec![2, 3], vec![3], vec![3], vec![3]]
}

#[test]
fn one_filter_gives_the_axis_of_all_leaves() {
    let (linear, _) = four();
    let look = |m: &Linear| {
        assert_eq!((m.kernel.shape(), m.bias.as_ref().unwrap().shape()), (&[2, 3][..], &[3][..]));
        m.kernel.sum(..)
    };
    let sums = vmap(look, &linear, StateAxes::new().with(of_type::<Param>(), 0));
    assert!(close(&sums, &linear.kernel.sum(-1).sum(-1)));
}

#[test]
fn filters_give_axes_by_kind() {
    let model = four();
    let axes = StateAxes::new().with(of_type::<Param>(), 0).with(of_type::<BatchStat>(), None);
    let [kernel, bias, scale, _] = sliced();
    assert_eq!(seen(&model, axes), [kernel, bias, scale, whole()[3].clone()]);
    let axes = StateAxes::new().with(of_type::<BatchStat>(), 0).with(of_type::<Param>(), None);
    let [kernel, bias, scale, _] = whole();
    assert_eq!(seen(&model, axes), [kernel, bias, scale, sliced()[3].clone()]);
}

#[test]
fn a_filter_that_takes_everything_gives_the_axis_of_the_rest() {
    assert_eq!(seen(&four(), StateAxes::new().with(Everything, 0)), sliced());
}

#[test]
fn a_closure_gives_axes() {
    let all = |_: &Path, _: &VarInfo| true;
    assert_eq!(seen(&four(), StateAxes::new().with(all, 0)), sliced());
}

#[test]
fn a_closure_gives_axes_by_kind() {
    let statistics = |_: &Path, leaf: &VarInfo| {
        leaf.kind.is_some_and(|kind| kind.is(<BatchStat as nnx::module::VariableKind>::KIND))
    };
    let axes = StateAxes::new().with(statistics, None).with(Everything, 0);
    let [kernel, bias, scale, _] = sliced();
    assert_eq!(seen(&four(), axes), [kernel, bias, scale, whole()[3].clone()]);
}

#[test]
fn a_variable_alone_has_its_axis_by_a_filter() {
    let v = Param::new(normal(0, &[4, 2, 3]));
    let axes = StateAxes::new().with(of_type::<Param>(), 0);
    let f = |(v, x): (&Param, &Array)| x.matmul(&**v);
    let y = vmap(f, (&v, &ones(&[2])), (axes, None));
    assert!(close(&y, &v.sum(1)));
}
