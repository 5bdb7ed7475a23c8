//! `tabulate_call`: the calls of a model's methods, with inputs, results, Variables and operations.

use nnx::array::{ones, zeros};
use nnx::nn::{BatchNorm, Dropout, LayerNorm, Linear, relu};
use nnx::random::Rngs;
use nnx::transform::{CallRow, CallTable};
use nnx::{Array, DType, Module, called, over, scan, sow, tabulate_call};

#[derive(Module, Clone)]
struct Block {
    linear: Linear,
    bn: BatchNorm,
    dropout: Dropout,
}

impl Block {
    fn new(inputs: usize, outputs: usize, rngs: &mut Rngs) -> Block {
        let linear = Linear::new(inputs, outputs, rngs);
        let bn = BatchNorm::new(outputs, rngs);
        Block { linear, bn, dropout: Dropout::new(0.5, rngs) }
    }

    fn forward(&mut self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        let x = self.bn.forward(self.linear.forward(x));
        // Nothing is captured by a table.
        assert!(!sow::<nnx::module::Intermediate, _>(self, "x", &x));
        call.returns(relu(&self.dropout.forward(&x)))
    }
}

#[derive(Module, Clone)]
struct Net {
    blocks: Vec<Block>,
    head: Linear,
}

impl Net {
    fn new() -> Net {
        let rngs = &mut Rngs::new(0);
        let blocks = vec![Block::new(32, 16, rngs), Block::new(16, 16, rngs)];
        Net { blocks, head: Linear::new(16, 4, rngs) }
    }

    fn forward(&mut self, x: &Array) -> (Array, Array) {
        let call = called(self, "forward", &[x]);
        let features = self.blocks.iter_mut().fold(x.clone(), |x, block| block.forward(&x));
        call.returns((self.head.forward(&features), features))
    }
}

fn row<'t>(table: &'t CallTable, path: &str) -> &'t CallRow {
    let is_at = |row: &&CallRow| row.path.as_ref().is_some_and(|at| at.to_string() == path);
    table.calls().iter().find(is_at).unwrap_or_else(|| panic!("no `{path}` in\n{table}"))
}

fn of(table: &CallTable) -> Vec<(usize, String, &str)> {
    let path = |row: &CallRow| row.path.as_ref().map(|path| path.to_string()).unwrap_or_default();
    table.calls().iter().map(|row| (row.depth, path(row), row.module.as_str())).collect()
}

#[test]
fn calls_with_shapes_variables_and_bytes() {
    let (mut net, x) = (Net::new(), ones([8, 32], DType::F32));
    let mean = net.blocks[0].bn.mean.to_vec::<f32>();
    let table = tabulate_call(|(net, x): (&mut Net, &Array)| net.forward(x), (&mut net, &x));
    let block = |i: usize| {
        let at = |name: &str| format!("blocks[{i}]{name}");
        vec![
            (1, at(""), "Block"),
            (2, at(".linear"), "Linear"),
            (2, at(".bn"), "BatchNorm"),
            (2, at(".dropout"), "Dropout"),
        ]
    };
    let mut want = vec![(0, String::new(), "Net")];
    want.extend(block(0));
    want.extend(block(1));
    want.push((1, "head".into(), "Linear"));
    assert_eq!(of(&table), want);
    let whole = row(&table, "");
    let shapes =
        |avals: &[nnx::value::Aval]| avals.iter().map(|a| a.to_string()).collect::<Vec<_>>();
    assert_eq!(shapes(&whole.inputs), ["f32[8, 32]"]);
    assert_eq!(shapes(&whole.outputs), ["f32[8, 4]", "f32[8, 16]"]);
    // Params of two blocks and the head: 2 · (16 + 16) + 32 · 16 + 16 + 16 · 16 + 16 + 16 · 4 + 4.
    let params = 64 + 528 + 272 + 68;
    let (kind, total) = whole.leaves[0];
    assert_eq!((kind, total.size, total.byte_size), ("Param", params, 4 * params));
    let (kind, total) = row(&table, "blocks[1].bn").leaves[0];
    assert_eq!((kind, total.leaves, total.size), ("BatchStat", 2, 32));
    assert_eq!(table.leaves().total(), nnx::tabulate(&net).total());
    // The function never ran, and set nothing.
    assert_eq!(net.blocks[0].bn.mean.to_vec::<f32>(), mean);

    let text = table.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("path               module "), "{text}");
    assert!(lines[3].starts_with("blocks[0]            Block "), "{text}");
    assert!(lines[4].contains("    Linear     f32[8, 32]  f32[8, 16]"), "{text}");
    assert!(lines[lines.len() - 1].starts_with("total") && text.contains("932 (3.7 kB)"), "{text}");
}

#[test]
fn operations_are_counted_as_xla_does() {
    #[derive(Module)]
    struct Model {
        first: Linear,
        norm: LayerNorm,
        last: Linear,
    }
    let rngs = &mut Rngs::new(0);
    let (first, norm) = (Linear::new(3, 4, rngs), LayerNorm::new(4, rngs));
    let model = Model { first, norm, last: Linear::new(4, 2, rngs) };
    let x = ones([8, 3], DType::F32);
    let forward = |(m, x): (&Model, &Array)| {
        let call = called(m, "forward", &[x]);
        call.returns(m.last.forward(m.norm.forward(relu(&m.first.forward(x)))))
    };
    let table = tabulate_call(forward, (&model, &x));
    // The numbers of `nnx.tabulate(compute_flops=True, compute_vjp_flops=True)`.
    let counts = |path: &str| (row(&table, path).flops, row(&table, path).gradient_flops);
    assert_eq!(counts("first"), (224, Some(636)));
    assert_eq!(counts("last"), (144, Some(414)));
    // 656 and 1914 there: of a norm the order of the operations differs a little.
    let (flops, gradient) = counts("");
    assert!((620..700).contains(&flops), "{table}");
    assert!((1800..2100).contains(&gradient.unwrap()), "{table}");
    assert_eq!(
        flops - counts("first").0 - counts("last").0 - counts("norm").0,
        32,
        "relu: {table}"
    );
}

#[test]
fn methods_of_several_inputs_and_a_module_that_is_called_twice() {
    #[derive(Module)]
    struct Pair {
        linear: Linear,
    }
    impl Pair {
        fn both(&self, a: &Array, b: &Array) -> (Array, Array) {
            let call = called(self, "both", &[a, b]);
            call.returns((self.linear.forward(a), self.linear.forward(b)))
        }
    }
    let pair = Pair { linear: Linear::new(3, 2, &mut Rngs::new(0)) };
    let (a, b) = (ones([1, 3], DType::F32), ones([5, 3], DType::F32));
    let call = |(m, a, b): (&Pair, &Array, &Array)| m.both(a, b);
    let table = tabulate_call(call, (&pair, &a, &b));
    assert_eq!(table.calls().len(), 3);
    let both = &table.calls()[0];
    assert_eq!((both.method, both.inputs.len(), both.outputs.len()), ("both", 2, 2));
    // The operations of the whole are those of the parts, none twice.
    assert_eq!(both.flops, table.calls()[1].flops + table.calls()[2].flops);
    assert!(table.to_string().contains("Pair::both"), "{table}");
}

#[test]
fn a_loop_has_the_calls_of_one_iteration() {
    let cell = Linear::new(4, 4, &mut Rngs::new(0));
    let xs = ones([6, 4], DType::F32);
    let looped = |(m, xs): (&Linear, &Array)| {
        scan(
            |h: Array, (m, x): (&Linear, &Array)| (m.forward(&(h + x)), ()),
            zeros([4], DType::F32),
            over((m, xs)).in_axes((None, 0)),
        )
        .0
    };
    let table = tabulate_call(looped, (&cell, &xs));
    assert_eq!(of(&table), [(0, String::new(), "Linear")]);
    assert_eq!(table.calls()[0].flops, 2 * 16 + 4);
    assert_eq!(table.calls()[0].outputs[0].to_string(), "f32[4]");
    // A model alone is the argument, too.
    let table = tabulate_call(|m: &Linear| m.forward(ones([2, 4], DType::F32)), &cell);
    assert_eq!(of(&table), [(0, String::new(), "Linear")]);
}

#[test]
fn every_method_runs_once_however_much_is_counted() {
    #[derive(Module)]
    struct Part {
        linear: Linear,
    }
    let rngs = &mut Rngs::new(0);
    let parts: Vec<Part> = (0..10).map(|_| Part { linear: Linear::new(2, 2, rngs) }).collect();
    let runs = std::cell::Cell::new(0);
    let forward = |(parts, x): (&Vec<Part>, &Array)| {
        let call = called(parts, "forward", &[x]);
        call.returns(parts.iter().fold(x.clone(), |x, part| {
            let call = called(part, "forward", &[&x]);
            runs.set(runs.get() + 1);
            call.returns(part.linear.forward(&x))
        }))
    };
    let x = ones([4, 2], DType::F32);
    let table = tabulate_call(forward, (&parts, &x));
    assert_eq!(runs.get(), 10);
    // All of them are counted, with and without gradients.
    assert_eq!(table.calls().len(), 21);
    assert_eq!(row(&table, "").flops, 10 * row(&table, "[3]").flops);
    assert!(table.calls().iter().all(|call| call.gradient_flops > Some(call.flops)), "{table}");
}
