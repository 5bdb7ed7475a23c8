//! `#[nnx::jit(graph = false)]`: updates, cache, donation, results, errors.

use super::jit_support::{address, differ, failure_of_run};
use nnx::module::{BatchStat, VariableKind};
use nnx::{Array, DType, Error, Module, Param, Variable};

#[derive(Module, Debug)]
struct Leaf {
    kernel: Param,
    steps: Variable<BatchStat>,
    width: usize,
}

#[derive(Module, Debug)]
struct Middle {
    leaf: Leaf,
    scale: Param,
}

#[derive(Module, Debug)]
struct Model {
    middle: Vec<Middle>,
    data: Array,
}

fn f32s(values: &[f32]) -> Array {
    Array::from_slice(values, [values.len()])
}

fn model() -> Model {
    let middle = |v: f32| Middle {
        leaf: Leaf {
            kernel: Param::new(f32s(&[v, v + 1.0])),
            steps: Variable::new(Array::scalar(0_i32)),
            width: 2,
        },
        scale: Param::new(Array::scalar(2.0_f32)),
    };
    Model { middle: vec![middle(1.0), middle(10.0)], data: f32s(&[0.5, 0.5]) }
}

fn stats(name: &str) -> nnx::jit::Stats {
    let all = nnx::jit::functions();
    all.into_iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{name} was not called"))
}

#[nnx::jit(graph = false)]
fn count_up(model: &mut Model, x: &Array) -> Array {
    let mut total = x.clone();
    for middle in &mut model.middle {
        let steps = &middle.leaf.steps + 1;
        middle.leaf.steps.set(steps);
        total += &middle.leaf.kernel * &middle.scale;
    }
    total + &model.data
}

#[test]
fn variables_set_in_the_body_are_updated_three_levels_deep() {
    let mut model = model();
    let kernel = model.middle[0].leaf.kernel.value().clone();
    let y = count_up(&mut model, &f32s(&[0.0, 0.0]));
    assert_eq!(y.to_vec::<f32>(), [22.5, 26.5]);
    let steps: Vec<i32> = model.middle.iter().map(|m| m.leaf.steps.item()).collect();
    assert_eq!(steps, [1, 1]);
    // An unchanged Variable keeps its very buffer.
    assert_eq!(address(&kernel), address(&model.middle[0].leaf.kernel));
}

#[nnx::jit(graph = false)]
fn double(model: &mut Leaf) {
    let doubled = &model.kernel * 2.0;
    model.kernel.set(doubled);
}

#[test]
fn state_behind_mut_is_updated_in_place() {
    let mut leaf = model().middle.remove(0).leaf;
    double(&mut leaf);
    let before = address(&leaf.kernel);
    double(&mut leaf);
    assert_eq!(before, address(&leaf.kernel));
    assert_eq!(leaf.kernel.to_vec::<f32>(), [4.0, 8.0]);
}

#[test]
fn a_shared_buffer_is_not_donated() {
    let mut leaf = model().middle.remove(0).leaf;
    double(&mut leaf);
    let old = leaf.kernel.value().clone();
    double(&mut leaf);
    assert_eq!(old.to_vec::<f32>(), [2.0, 4.0]);
    assert_eq!(leaf.kernel.to_vec::<f32>(), [4.0, 8.0]);
}

#[nnx::jit(graph = false, donate = false)]
fn double_without_donation(model: &mut Leaf) {
    let doubled = &model.kernel * 2.0;
    model.kernel.set(doubled);
}

#[test]
fn donate_false_turns_donation_off() {
    let mut leaf = model().middle.remove(0).leaf;
    let before = address(&leaf.kernel);
    double_without_donation(&mut leaf);
    assert!(differ(before, address(&leaf.kernel)));
    assert_eq!(leaf.kernel.to_vec::<f32>(), [2.0, 4.0]);
}

#[nnx::jit(graph = false)]
fn consume(a: Array, b: Array) -> Array {
    a + b
}

#[test]
fn arguments_by_value_are_consumed_and_one_buffer_may_come_twice() {
    let x = f32s(&[1.0, 2.0]);
    assert_eq!(consume(x.clone(), x.clone()).to_vec::<f32>(), [2.0, 4.0]);
    let before = address(&x);
    let y = consume(x, f32s(&[1.0, 1.0]));
    assert_eq!(y.to_vec::<f32>(), [2.0, 3.0]);
    assert_eq!(address(&y), before);
}

#[nnx::jit(graph = false)]
fn keyed(x: &Array, width: usize, extra: Option<Array>, list: &Vec<Array>) -> Array {
    let mut y = x * width;
    if let Some(extra) = extra {
        y += extra;
    }
    list.iter().fold(y, |y, x| y + x)
}

#[test]
fn shapes_dtypes_statics_and_structure_are_the_key() {
    let x = f32s(&[1.0, 2.0]);
    let traces = || stats("keyed").traces;
    let list = vec![x.clone()];
    keyed(&x, 2, None, &list);
    let first = traces();
    assert_eq!(keyed(&f32s(&[2.0, 3.0]), 2, None, &list).to_vec::<f32>(), [5.0, 8.0]);
    assert_eq!(traces(), first, "same key");
    keyed(&x, 3, None, &list);
    assert_eq!(traces(), first + 1, "static argument");
    keyed(&x, 2, Some(x.clone()), &list);
    assert_eq!(traces(), first + 2, "None to Some");
    keyed(&x, 2, None, &vec![x.clone(), x.clone()]);
    assert_eq!(traces(), first + 3, "length");
    keyed(&f32s(&[1.0]), 2, None, &list);
    assert_eq!(traces(), first + 4, "shape");
    keyed(&Array::from_slice(&[1_i32, 2], [2]), 2, None, &list);
    assert_eq!(traces(), first + 5, "dtype");
    keyed(&x, 2, None, &list);
    assert_eq!(traces(), first + 5, "all entries stay");
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Config {
    layers: usize,
}

#[nnx::jit(graph = false)]
fn with_config(x: &Array, #[nnx(static)] config: Config, #[nnx(static)] rate: f32) -> Array {
    x * (config.layers as f32 * rate)
}

#[test]
fn static_arguments_of_any_hashable_type() {
    let x = f32s(&[1.0]);
    let y = with_config(&x, Config { layers: 3 }, 0.5);
    assert_eq!(y.to_vec::<f32>(), [1.5]);
    let traces = stats("with_config").traces;
    with_config(&x, Config { layers: 3 }, 0.5);
    assert_eq!(stats("with_config").traces, traces);
    assert_eq!(with_config(&x, Config { layers: 4 }, 0.5).to_vec::<f32>(), [2.0]);
    assert_eq!(with_config(&x, Config { layers: 4 }, 0.25).to_vec::<f32>(), [1.0]);
}

impl Leaf {
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        assert_eq!(self.width, 2);
        x * &self.kernel
    }

    #[nnx::jit(graph = false)]
    fn advance(&mut self, (by, times): (Array, Array)) -> Array {
        let next = &self.steps + by * times;
        self.steps.set(next.clone());
        next
    }

    #[nnx::jit(graph = false)]
    fn into_kernel(mut self) -> Param {
        let next = &self.kernel + 1.0;
        self.kernel.set(next);
        self.kernel
    }

    #[nnx::jit(graph = false)]
    fn new(width: usize) -> Self {
        Leaf {
            kernel: Param::new(nnx::array::ones([width], DType::F32)),
            steps: Variable::new(Array::scalar(0_i32)),
            width,
        }
    }
}

#[test]
fn methods_associated_functions_and_patterns() {
    let mut leaf = Leaf::new(2);
    assert_eq!(leaf.forward(&f32s(&[3.0, 4.0])).to_vec::<f32>(), [3.0, 4.0]);
    let steps = leaf.advance((Array::scalar(2_i32), Array::scalar(5_i32)));
    assert_eq!((steps.item::<i32>(), leaf.steps.item::<i32>()), (10, 10));
    assert_eq!(leaf.into_kernel().to_vec::<f32>(), [2.0, 2.0]);
}

#[nnx::jit(graph = false)]
fn generic<K: VariableKind, const N: usize>(v: &mut Variable<K>) -> [Array; N] {
    let next = &*v + N;
    v.set(next.clone());
    std::array::from_fn(|_| next.clone())
}

#[test]
fn generic_functions_have_an_entry_per_instance() {
    let mut a: Variable<BatchStat> = Variable::new(Array::scalar(1_i32));
    let mut b = Param::new(Array::scalar(1_i32));
    assert_eq!(generic::<_, 2>(&mut a).map(|a| a.item::<i32>()), [3, 3]);
    assert_eq!(generic::<_, 3>(&mut a).map(|a| a.item::<i32>()), [6, 6, 6]);
    assert_eq!(generic::<_, 3>(&mut b).map(|a| a.item::<i32>()), [4, 4, 4]);
}

#[nnx::jit(graph = false)]
fn outer(leaf: &mut Leaf, x: &Array) -> Array {
    double(leaf);
    leaf.forward(x)
}

#[test]
fn nested_jit_runs_in_the_outer_trace_and_its_updates_are_visible() {
    let mut leaf = Leaf::new(2);
    assert_eq!(outer(&mut leaf, &f32s(&[1.0, 2.0])).to_vec::<f32>(), [2.0, 4.0]);
    assert_eq!(leaf.kernel.to_vec::<f32>(), [2.0, 2.0]);
}

#[nnx::jit(graph = false)]
fn change_static(leaf: &mut Leaf) {
    leaf.width += 1;
}

#[nnx::jit(graph = false)]
fn change_data(model: &mut Model) {
    model.data = &model.data + 1.0;
}

#[nnx::jit(graph = false)]
fn fallible(model: &mut Model, x: &Array) -> Result<Array, Error> {
    model.middle[1].scale.set(Array::scalar(7.0_f32));
    if x.rank() == 0 {
        return Err(Error::Invalid("a scalar".into()));
    }
    Ok(x.matmul(f32s(&[1.0, 2.0, 3.0])))
}

fn panic_message(f: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn changed_statics_and_plain_arrays_are_errors_with_their_path() {
    let mut leaf = Leaf::new(2);
    let message = panic_message(|| change_static(&mut leaf));
    assert!(message.contains("change_static") && message.contains("`leaf.width`"), "{message}");
    assert_eq!(leaf.width, 2);
    let mut model = model();
    let message = panic_message(|| change_data(&mut model));
    assert!(message.contains("`model.data`"), "{message}");
    assert_eq!(model.data.to_vec::<f32>(), [0.5, 0.5]);
}

#[test]
fn a_failed_call_leaves_the_arguments_as_they_were() {
    let mut model = model();
    let error = fallible(&mut model, &f32s(&[1.0])).unwrap_err().to_string();
    assert!(
        error.contains("matmul") && error.contains("f32[1]") && error.contains("jit.rs"),
        "{error}"
    );
    assert_eq!(model.middle[1].scale.item::<f32>(), 2.0);
    let error = fallible(&mut model, &Array::scalar(1.0_f32)).unwrap_err();
    assert_eq!(error.to_string(), "a scalar");
    assert_eq!(model.middle[1].scale.item::<f32>(), 2.0);
    // The function can be called again.
    let y = fallible(&mut model, &f32s(&[1.0, 1.0, 1.0])).unwrap();
    assert_eq!((y.item::<f32>(), model.middle[1].scale.item::<f32>()), (6.0, 7.0));
}

#[test]
fn a_traced_value_that_escapes_names_its_function_and_line() {
    static STOLEN: std::sync::Mutex<Option<Array>> = std::sync::Mutex::new(None);
    #[nnx::jit(graph = false)]
    fn thief(x: &Array) -> Array {
        *STOLEN.lock().unwrap() = Some(x + 1.0);
        x + 2.0
    }
    thief(&f32s(&[1.0]));
    let stolen = STOLEN.lock().unwrap().take().unwrap();
    let message = panic_message(|| {
        let _ = &stolen + 1.0;
    });
    assert!(message.contains("`thief`") && message.contains("jit.rs"), "{message}");
}

#[test]
fn concurrent_first_calls_compile_once() {
    #[nnx::jit(graph = false)]
    fn concurrent(x: &Array) -> Array {
        x.exp().sum(..)
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| concurrent(&f32s(&[0.0, 0.0])).item::<f32>());
        }
    });
    assert_eq!((stats("concurrent").traces, stats("concurrent").compiles), (1, 1));
}

#[nnx::jit(graph = false)]
fn train(leaf: &mut Leaf, x: &Array) -> Array {
    let (loss, grads) = nnx::value_and_grad(
        |leaf: &mut Leaf| {
            let steps = &leaf.steps + 1;
            leaf.steps.set(steps);
            leaf.forward(x).square().sum(..)
        },
        &mut *leaf,
    );
    let next = &leaf.kernel - 0.1 * &grads.kernel;
    leaf.kernel.set(next);
    loss
}

#[test]
fn grad_inside_jit_updates_variables_and_has_the_modules_type() {
    let mut leaf = Leaf::new(2);
    let x = f32s(&[1.0, 2.0]);
    let first: f32 = train(&mut leaf, &x).item();
    let second: f32 = train(&mut leaf, &x).item();
    assert_eq!(first, 5.0);
    assert!(second < first);
    assert_eq!(leaf.steps.item::<i32>(), 2);
    let grads = nnx::grad(|leaf: &Leaf| leaf.forward(&x).sum(..), &leaf);
    assert_eq!(grads.kernel.to_vec::<f32>(), [1.0, 2.0]);
    let message = panic_message(|| {
        grads.steps.item::<i32>();
    });
    assert!(message.contains("BatchStat"), "{message}");
}

/// Elements for which there is not enough memory, within what the library lets through to XLA.
const TOO_MANY: usize = 1 << 36;

#[test]
fn a_run_that_fails_later_shows_when_its_variables_are_read() {
    #[nnx::jit(graph = false)]
    fn exhaust(model: &mut Leaf) {
        let huge = nnx::array::iota([TOO_MANY], DType::F32, 0) * model.kernel.sum(..);
        let next = &model.kernel + huge.cumsum(0).max(..);
        model.kernel.set(next);
    }
    let mut leaf = Leaf::new(2);
    let error = failure_of_run(&mut leaf, exhaust, |leaf| &leaf.kernel);
    assert!(error.contains("`exhaust`"), "{error}");
    assert_eq!(leaf.steps.item::<i32>(), 0, "the rest of the model stays readable");
}

#[test]
fn a_run_that_is_refused_names_itself_in_the_variables_it_had_taken() {
    #[nnx::jit(graph = false)]
    fn overflow(model: &mut Leaf) -> Result<Array, Error> {
        let next = &model.kernel + 1.0;
        model.kernel.set(next);
        Ok(nnx::array::iota([TOO_MANY], DType::F32, 0) * model.kernel.sum(..))
    }
    let mut leaf = Leaf::new(2);
    let result = overflow(&mut leaf).and_then(|huge| huge.block_until_ready());
    let error = result.unwrap_err().to_string();
    assert!(error.contains("`overflow`"), "{error}");
    // Whether the kernel is gone or whole is the plugin's affair; it is never something else.
    match leaf.kernel.try_to_vec::<f32>() {
        Ok(values) => assert_eq!(values, [1.0, 1.0]),
        Err(error) => assert!(error.to_string().contains("`overflow`"), "{error}"),
    }
    assert_eq!(leaf.steps.item::<i32>(), 0, "the rest of the model stays readable");
}
