//! Whatever goes wrong in a call leaves every argument exactly as it was, says what and where, and
//! leaves the function ready for the next call.

use super::jit_support::*;
use nnx::array::SliceSpec;
use nnx::{Array, Error, Module, Param};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Module, Debug)]
enum How {
    Works,
    Panics,
    Errs,
    Mismatches,
    /// A step that our rules let pass and XLA does not.
    DoesNotCompile,
}

/// Sets Variables at every depth, and only then fails.
fn set_and_fail(net: &mut Net, x: &Array, how: How) -> Result<Array, Error> {
    for cell in net.blocks.iter_mut().flat_map(|block| &mut block.cells) {
        let next = &cell.kernel + 1.0;
        cell.kernel.set(next);
    }
    net.head.1.count.set(scalar(0.0));
    match how {
        How::Works => Ok(x + &net.blocks[0].cells[0].kernel),
        How::Panics => panic!("the body panics"),
        How::Errs => Err(Error::Invalid("the body returns an error".into())),
        How::Mismatches => Ok(x + f32s(&[1.0, 2.0, 3.0])), // mismatched here
        How::DoesNotCompile => Ok(x.slice([SliceSpec::from(0..2).step_by(usize::MAX)])),
    }
}

#[nnx::jit(graph = false)]
fn with_result(net: &mut Net, x: &Array, how: How) -> Result<Array, Error> {
    set_and_fail(net, x, how)
}

#[nnx::jit(graph = false)]
fn without_result(net: &mut Net, x: &Array, how: How) -> Array {
    if how == How::Errs {
        // The next best thing that such a function can do.
        std::panic::panic_any(String::from("the body returns an error"));
    }
    set_and_fail(net, x, how).unwrap_or_else(|_| unreachable!())
}

/// The line of this file that holds `text`, as messages show it.
fn line_of(text: &str) -> String {
    let lines = include_str!("jit_failures.rs").lines();
    let line = lines.enumerate().find(|(_, line)| line.contains(text)).unwrap().0 + 1;
    format!("jit_failures.rs:{line}:")
}

/// Calls `call` with each way to fail, and checks what is left; then that the function still works.
fn check_all(call: impl Fn(&mut Net, &Array, How) -> String) {
    let (mut net, x) = (net(), f32s(&[1.0, 2.0]));
    let (values_before, addresses_before) = (values(&net), addresses(&net));
    let mismatch = line_of("// mismatched here");
    for _ in 0..2 {
        for (how, parts) in [
            (How::Panics, vec!["the body panics"]),
            (How::Errs, vec!["the body returns an error"]),
            (How::Mismatches, vec!["f32[2]", "f32[3]", mismatch.as_str()]),
            (How::DoesNotCompile, vec!["compiling", "_result`", "tride"]),
        ] {
            assert_says(&call(&mut net, &x, how), &parts);
            assert_eq!(values(&net), values_before, "{how:?}");
            assert_eq!(addresses(&net), addresses_before, "{how:?}");
            assert_eq!((net.name.as_str(), net.blocks[0].cells.len()), ("net", 2));
        }
    }
    assert_eq!(call(&mut net, &x, How::Works), "[2.0, 3.0] + kernel");
    let kernel = |values: &[(String, f32)]| {
        values.iter().find(|(path, _)| path == "blocks[0].cells[0].kernel").unwrap().1
    };
    assert_eq!(kernel(&values(&net)), kernel(&values_before) + 1.0);
    assert_eq!(net.head.1.count.item::<f32>(), 0.0);
}

/// The result without the kernel's part, as text.
fn without_kernel(y: &Array, net: &Net) -> String {
    let kernel = net.blocks[0].cells[0].kernel.item::<f32>();
    let rest: Vec<f32> = y.to_vec::<f32>().iter().map(|y| y - kernel + 1.0).collect();
    format!("{rest:?} + kernel")
}

#[test]
fn failures_of_a_function_that_returns_a_result() {
    check_all(|net, x, how| match how {
        How::Panics => panic_message(|| drop(with_result(net, x, how))),
        How::Works => {
            let y = with_result(net, x, how).unwrap();
            without_kernel(&y, net)
        }
        _ => with_result(net, x, how).unwrap_err().to_string(),
    });
}

#[test]
fn failures_of_a_function_without_a_result() {
    check_all(|net, x, how| match how {
        How::Works => {
            let y = without_result(net, x, how);
            without_kernel(&y, net)
        }
        _ => panic_message(|| drop(without_result(net, x, how))),
    });
}

#[test]
fn what_is_no_mistake_of_a_line_in_the_body_panics_at_the_callers_line() {
    let (mut net, x) = (net(), f32s(&[1.0, 2.0]));
    let place = panic_at(|| drop(without_result(&mut net, &x, How::DoesNotCompile))).1; // compiles
    assert_says(&place, &[&line_of("// compiles")]);
    let place = panic_at(|| drop(without_result(&mut net, &x, How::Mismatches))).1;
    assert_says(&place, &[&line_of("// mismatched here")]);
    let place = panic_at(|| change(&mut net, 0)).1; // changes
    assert_says(&place, &[&line_of("// changes")]);
    let lost = Array::absent("was lost");
    let place = panic_at(|| drop(without_result(&mut net, &lost, How::Works))).1;
    assert_says(&place, &[&line_of("How::Works => Ok(x +")]);
}

/// Changes something that tree mode does not hand back.
#[nnx::jit(graph = false)]
fn change(net: &mut Net, what: usize) {
    net.head.0.set(scalar(-1.0));
    let cell = &mut net.blocks[1].cells[0];
    match what {
        0 => cell.width = 7,
        1 => cell.bias = None,
        2 => drop(net.blocks[0].cells.pop()),
        3 => net.blocks[0].act = Activation::Relu,
        4 => {
            let gain = net.blocks[1].gains.remove("in").unwrap();
            net.blocks[1].gains.insert("inside".into(), gain);
        }
        5 => net.name.push('!'),
        6 => net.data = &net.data + 1.0,
        7 => {
            if let Activation::Table { offset, .. } = &mut net.blocks[1].act {
                *offset = scalar(0.0);
            }
        }
        8 => net.blocks[0].cells[1].bias = Some(Param::new(scalar(1.0))),
        9 => {
            net.blocks.swap(0, 1);
        }
        _ => (),
    }
}

#[test]
fn each_change_that_is_not_handed_back_is_an_error_with_its_path() {
    let expected = [
        "the static value `net.blocks[1].cells[0].width` is now 7, before 1",
        "`net.blocks[1].cells[0].bias` is now None, before Some",
        "`net.blocks[0].cells` is now of length 1, before of length 2",
        "`net.blocks[0].act` is now Relu, before Scale",
        "the static value `net.blocks[1].gains` is now \"inside\", before \"in\"",
        "the static value `net.name` is now \"net!\", before \"net\"",
        "the plain array `net.data`",
        "the plain array `net.blocks[1].act.offset`",
        "`net.blocks[0].cells[1].bias` is now Some, before None",
        "`net.blocks[0].act` is now Table, before Scale",
    ];
    let mut net = net();
    let (values_before, addresses_before) = (values(&net), addresses(&net));
    for (what, expected) in expected.into_iter().enumerate() {
        let message = panic_message(|| change(&mut net, what));
        assert_says(&message, &["change: the function changed", expected, "fixes:\n  1."]);
        assert_eq!(values(&net), values_before);
        assert_eq!(addresses(&net), addresses_before);
    }
    // Nothing of it stays in the way of a call that changes Variables only.
    change(&mut net, 99);
    assert_eq!(net.head.0.item::<f32>(), -1.0);
}

#[nnx::jit(graph = false)]
fn change_in_a_result(cell: &mut Cell) -> Result<Array, Error> {
    cell.width += 1;
    Ok(cell.kernel.value().clone())
}

#[test]
fn such_a_change_is_an_err_where_the_function_returns_a_result() {
    let mut cell = Numbers::default().cell(true);
    let error = change_in_a_result(&mut cell).unwrap_err();
    assert!(matches!(&error, Error::Jit { function, .. } if function == "change_in_a_result"));
    assert_says(&error.to_string(), &["`cell.width` is now 2, before 1"]);
    assert_eq!(cell.width, 1);
}

#[test]
fn what_a_value_argument_becomes_is_the_bodys_own_affair() {
    #[nnx::jit(graph = false)]
    fn reshaped(mut cell: Cell) -> Cell {
        cell.width += 1;
        cell.bias = None;
        cell
    }
    let cell = reshaped(Numbers::default().cell(true));
    assert_eq!((cell.width, cell.bias.is_none()), (2, true));
}

#[nnx::jit(graph = false)]
fn sum(net: &mut Net, x: &Array) -> Result<Array, Error> {
    let next = &net.head.0 + 1.0;
    net.head.0.set(next);
    Ok(&net.blocks[1].cells[1].kernel + x)
}

#[test]
fn an_execute_that_is_refused_leaves_the_arguments_as_they_were() {
    let mut net = net();
    let x = scalar(1.0);
    let kernel = net.blocks[1].cells[1].kernel.value().clone();
    sum(&mut net, &x).unwrap();
    // A Variable without a value cannot be passed to the program.
    net.blocks[1].cells[1].kernel.set(Array::absent("the kernel was given away"));
    let (head, address_before) = (net.head.0.item::<f32>(), address(&net.head.0));
    let error = sum(&mut net, &x).unwrap_err().to_string();
    assert_says(&error, &["the kernel was given away"]);
    assert_eq!((net.head.0.item::<f32>(), address(&net.head.0)), (head, address_before));
    net.blocks[1].cells[1].kernel.set(kernel.clone());
    let y = sum(&mut net, &x).unwrap();
    assert_eq!(y.item::<f32>(), kernel.item::<f32>() + 1.0);
    assert_eq!(net.head.0.item::<f32>(), head + 1.0);
}

#[test]
fn a_function_works_after_a_run_that_failed_and_so_do_the_other_variables() {
    #[nnx::jit(graph = false)]
    fn fill(cell: &mut Cell, elements: usize) {
        let huge = nnx::array::iota([elements], nnx::DType::F32, 0) * &cell.count;
        let next = &cell.kernel + huge.cumsum(0).max(..);
        cell.kernel.set(next);
    }
    let mut cell = Numbers::default().cell(true);
    let error = failure_of_run(&mut cell, |cell| fill(cell, 1 << 36), |cell| &cell.kernel);
    assert_says(&error, &["`fill`"]);
    assert_eq!(cell.bias.as_ref().unwrap().item::<f32>(), 2.0);
    // The lost Variable poisons what is computed from it, and can be set again.
    fill(&mut cell, 2);
    assert_eq!(cell.kernel.try_item::<f32>().is_err(), runs_go_on());
    cell.kernel.set(scalar(10.0));
    fill(&mut cell, 3);
    assert_eq!(cell.kernel.item::<f32>(), 10.0 + 9.0);
}

#[test]
fn a_run_that_fails_three_levels_down_names_itself_and_leaves_the_rest_readable() {
    /// Sets two kernels, one of them to what takes more memory than there is.
    #[nnx::jit(graph = false)]
    fn overfill(net: &mut Net) {
        let huge = nnx::array::iota([1_usize << 36], nnx::DType::F32, 0) * &net.head.0;
        let cell = &mut net.blocks[1].cells[0];
        let next = &cell.kernel + huge.cumsum(0).max(..);
        cell.kernel.set(next);
    }
    let mut net = net();
    let before = values(&net);
    for _ in 0..2 {
        // The second time a Variable is lost already, which is not a reason to abort either.
        let error = failure_of_run(&mut net, overfill, |net| &net.blocks[1].cells[0].kernel);
        assert_says(&error, &["`overfill`"]);
    }
    net.blocks[1].cells[0].kernel.set(scalar(-1.0));
    for ((path, now), (_, before)) in values(&net).into_iter().zip(before) {
        let expected = if path == "blocks[1].cells[0].kernel" { -1.0 } else { before };
        assert_eq!(now, expected, "{path}");
    }
}

#[test]
fn a_limit_on_traces_is_a_failure_like_others() {
    let mut net = net();
    let before = values(&net);
    let x = f32s(&[1.0; 7]);
    let error = nnx::jit::assert_max_traces(0, || sum(&mut net, &x).unwrap_err());
    assert_says(&error.to_string(), &["sum: traced more than 0 times"]);
    assert_eq!(values(&net), before);
    sum(&mut net, &x).unwrap();
}

#[test]
fn an_array_too_large_to_count_is_an_error_at_its_line() {
    #[nnx::jit(graph = false)]
    fn uncountable(x: &Array) -> Result<Array, Error> {
        Ok(nnx::array::zeros([1_usize << 31, 1_usize << 31], nnx::DType::F32) + x) // uncountable
    }
    let error = uncountable(&scalar(1.0)).unwrap_err().to_string();
    assert_says(&error, &["f32[2147483648, 2147483648]", &line_of("// uncountable")]);
}
