//! A jitted function called while another one is traced becomes part of it.

use super::jit_support::*;
use nnx::jit::lower;
use nnx::{Array, Error, Param};

impl Cell {
    /// The innermost of three.
    #[nnx::jit(graph = false)]
    fn tick(&mut self, by: &Array) -> Array {
        let next = &self.count + by;
        self.count.set(next);
        &self.kernel * &self.count
    }
}

#[nnx::jit(graph = false)]
fn tick_block(block: &mut Block, by: &Array) -> Array {
    let mut total = scalar(0.0);
    for cell in &mut block.cells {
        total += cell.tick(by);
        // The value that the inner call set is seen here.
        total += &cell.count;
    }
    total
}

#[nnx::jit(graph = false)]
fn tick_net(net: &mut Net, by: &Array) -> Array {
    let [first, second] = &mut net.blocks;
    tick_block(first, by) + tick_block(second, by)
}

/// The same without jit.
fn expected(net: &Net, by: f32) -> (f32, Vec<f32>) {
    let cells = net.blocks.iter().flat_map(|block| &block.cells);
    let counts: Vec<f32> = cells.clone().map(|cell| cell.count.item::<f32>() + by).collect();
    let total = cells.zip(&counts).map(|(cell, count)| (cell.kernel.item::<f32>() + 1.0) * count);
    (total.sum(), counts)
}

fn counts(net: &Net) -> Vec<f32> {
    net.blocks.iter().flat_map(|block| &block.cells).map(|cell| cell.count.item()).collect()
}

#[test]
fn updates_made_three_calls_down_reach_the_caller() {
    let mut net = net();
    for by in [1.0, 2.0] {
        let (total, after) = expected(&net, by);
        assert_eq!(tick_net(&mut net, &scalar(by)).item::<f32>(), total);
        assert_eq!(counts(&net), after);
    }
}

#[test]
fn nested_calls_are_inlined_into_one_program() {
    #[nnx::jit(graph = false)]
    fn only_nested(x: &Array) -> Array {
        x + 1.0
    }
    #[nnx::jit(graph = false)]
    fn around(x: &Array) -> Array {
        only_nested(&only_nested(x)) * 2.0
    }
    assert_eq!(around(&scalar(1.0)).item::<f32>(), 6.0);
    assert_eq!((traces("around"), traces("only_nested")), (1, 0));
    let lowered = lower(|| around(&scalar(1.0))).unwrap();
    assert_eq!(lowered.graph().to_string().matches("add").count(), 2, "{}", lowered.graph());
    // Called by itself, it has its own program.
    assert_eq!(only_nested(&scalar(1.0)).item::<f32>(), 2.0);
    assert_eq!(traces("only_nested"), 1);
}

#[nnx::jit(graph = false)]
fn consume(param: Param, times: usize) -> Param {
    Param::new(&param * times)
}

#[nnx::jit(graph = false)]
fn with_every_form(cell: &mut Cell, gone: Param) -> (Param, Array) {
    let consumed = consume(gone, 3);
    let by_method = cell.tick(&consumed);
    (consumed, by_method)
}

#[test]
fn arguments_of_every_form_pass_through() {
    let mut cell = Numbers::default().cell(false);
    let (consumed, y) = with_every_form(&mut cell, Param::new(scalar(5.0)));
    assert_eq!((consumed.item::<f32>(), cell.count.item::<f32>()), (15.0, 17.0));
    assert_eq!(y.item::<f32>(), 17.0);
}

#[nnx::jit(graph = false)]
fn power(x: &Array, n: u32) -> Array {
    if n == 0 { x.ones_like() } else { x * power(x, n - 1) }
}

#[test]
fn a_function_may_call_itself() {
    assert_eq!(power(&scalar(2.0), 5).item::<f32>(), 32.0);
    assert_eq!(traces("power"), 1);
}

#[test]
fn nested_in_grad_inside_and_outside_of_jit() {
    fn loss(net: &mut Net, by: &Array) -> Array {
        tick_net(net, by).square()
    }
    #[nnx::jit(graph = false)]
    fn gradients(net: &mut Net, by: &Array) -> Net {
        nnx::grad(|net: &mut Net| loss(net, by), net)
    }
    let (mut inside, mut outside, by) = (net(), net(), scalar(0.5));
    let (total, after) = expected(&inside, 0.5);
    let grads = gradients(&mut inside, &by);
    let eager = nnx::grad(|net: &mut Net| loss(net, &by), &mut outside);
    for (i, count) in after.iter().enumerate() {
        let kernel = |net: &Net| net.blocks[i / 2].cells[i % 2].kernel.item::<f32>();
        assert_eq!(kernel(&grads), 2.0 * total * count);
        assert_eq!(kernel(&eager), 2.0 * total * count);
    }
    assert_eq!((counts(&inside), counts(&outside)), (after.clone(), after));
}

#[nnx::jit(graph = false)]
fn widen(cell: &mut Cell) {
    cell.width += 1;
}

#[nnx::jit(graph = false)]
fn widen_inside(net: &mut Net) {
    widen(&mut net.blocks[1].cells[0]);
}

#[test]
fn a_static_field_changed_by_an_inner_function_is_its_error_as_it_is_in_a_call_of_it() {
    let mut net = net();
    let alone = panic_message(|| widen(&mut net.blocks[1].cells[0]));
    assert_says(&alone, &["widen: ", "`cell.width` is now 2, before 1"]);
    assert_eq!(panic_message(|| widen_inside(&mut net)), alone);
    assert_eq!(net.blocks[1].cells[0].width, 1);
}

#[nnx::jit]
fn widen_inside_graph_mode(net: &mut Net, stays: bool) {
    widen_values(&mut net.blocks[1].cells[0]);
    if !stays {
        net.blocks[1].cells[0].width += 1;
    }
}

#[nnx::jit(graph_updates = false)]
fn widen_values(cell: &mut Cell) {
    let next = &cell.count + 1.0;
    cell.count.set(next);
}

#[nnx::jit]
fn widen_by_values(net: &mut Net) {
    widen_badly(&mut net.blocks[1].cells[0]);
}

#[nnx::jit(graph_updates = false)]
fn widen_badly(cell: &mut Cell) {
    cell.width += 1;
}

/// Each function has its own rule, whoever calls it.
#[test]
fn functions_of_other_modes_keep_their_rules_inside() {
    let mut net = net();
    let count = |net: &Net| net.blocks[1].cells[0].count.item::<f32>();
    let before = count(&net);
    widen_inside_graph_mode(&mut net, false);
    assert_eq!((net.blocks[1].cells[0].width, count(&net)), (2, before + 1.0));
    widen_inside_graph_mode(&mut net, true);
    assert_eq!((net.blocks[1].cells[0].width, count(&net)), (2, before + 2.0));
    let alone = panic_message(|| widen_badly(&mut net.blocks[1].cells[0]));
    assert_says(&alone, &["widen_badly: ", "`cell.width` is now 3, before 2"]);
    assert_eq!(panic_message(|| widen_by_values(&mut net)), alone);
    assert_eq!((net.blocks[1].cells[0].width, count(&net)), (2, before + 2.0));
}

/// Sets before it fails.
#[nnx::jit(graph = false)]
fn set_and_fail(cell: &mut Cell, how: u8) -> Result<Array, Error> {
    cell.kernel.set(scalar(-1.0));
    cell.width = 99;
    cell.bias = None;
    match how {
        0 => Err(Error::Invalid("as told".into())),
        1 => Ok(f32s(&[1.0, 2.0]) + f32s(&[1.0, 2.0, 3.0])),
        _ => panic!("no such way"),
    }
}

#[nnx::jit(graph = false)]
fn recover(net: &mut Net, how: u8) -> Array {
    let cell = &mut net.blocks[0].cells[0];
    match set_and_fail(cell, how) {
        Ok(_) => scalar(0.0),
        Err(error) => {
            assert_says(&error.to_string(), &[["as told", "add"][usize::from(how)]]);
            &cell.kernel * 10.0
        }
    }
}

#[test]
fn an_inner_error_is_an_err_and_leaves_the_inner_arguments_as_they_were() {
    for how in [0, 1] {
        let mut net = net();
        let before = values(&net);
        assert_eq!(recover(&mut net, how).item::<f32>(), 10.0);
        assert_eq!(values(&net), before);
    }
}

#[test]
fn an_inner_panic_that_is_caught_leaves_the_inner_arguments_as_they_were() {
    #[nnx::jit(graph = false)]
    fn catches(cell: &mut Cell) -> Array {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            set_and_fail(cell, 2).is_ok()
        }));
        assert!(caught.is_err());
        &cell.kernel * 10.0
    }
    let mut cell = Numbers::default().cell(true);
    let before = values(&cell);
    assert_eq!(catches(&mut cell).item::<f32>(), 10.0);
    assert_eq!((values(&cell), cell.width), (before, 1));
}

#[test]
fn an_inner_failure_that_nobody_handles_fails_the_outer_call() {
    #[nnx::jit(graph = false)]
    fn passes_on(net: &mut Net, how: u8) -> Result<Array, Error> {
        net.head.0.set(scalar(0.0));
        set_and_fail(&mut net.blocks[1].cells[1], how)
    }
    let mut net = net();
    let before = values(&net);
    assert_eq!(passes_on(&mut net, 0).unwrap_err().to_string(), "as told");
    assert_says(&passes_on(&mut net, 1).unwrap_err().to_string(), &["f32[2]", "f32[3]"]);
    assert_eq!(panic_message(|| drop(passes_on(&mut net, 2))), "no such way");
    assert_eq!(values(&net), before);
}
