//! Traced values that leave their function: every use names the function and the line that made
//! them.

use super::jit_support::*;
use nnx::{Array, Param};
use std::cell::RefCell;
use std::sync::{Mutex, mpsc};

thread_local! {
    static CAPTURED: RefCell<Option<Array>> = const { RefCell::new(None) };
}

static KEPT: Mutex<Option<Array>> = Mutex::new(None);

#[nnx::jit(graph = false)]
fn thief(net: &Net) -> Array {
    let stolen = &net.blocks[0].cells[0].kernel + 1.0; // stolen here
    KEPT.lock().unwrap().replace(stolen.clone());
    stolen
}

/// The line of this file that holds `text`, as messages show it.
fn line_of(text: &str) -> String {
    let lines = include_str!("jit_escapes.rs").lines();
    let line = lines.enumerate().find(|(_, line)| line.contains(text)).unwrap().0 + 1;
    format!("jit_escapes.rs:{line}:")
}

#[test]
fn every_use_of_a_value_kept_in_a_static_names_where_it_came_from() {
    thief(&net());
    let stolen = KEPT.lock().unwrap().take().unwrap();
    let line = line_of("// stolen here");
    let says = |message: &str| assert_says(message, &["escaped", "`thief`", &line, "f32[]"]);

    says(&panic_message(|| drop(&stolen + 1.0)));
    says(&stolen.try_to_vec::<f32>().unwrap_err().to_string());
    says(&stolen.try_item::<f32>().unwrap_err().to_string());
    says(&stolen.block_until_ready().unwrap_err().to_string());
    says(&stolen.device_address().unwrap_err().to_string());
    // As the argument of another call, inside a Module too.
    let mut holder = net();
    holder.blocks[1].cells[1].kernel.set(stolen.clone());
    says(&panic_message(|| drop(thief(&holder))));
    // In another trace.
    #[nnx::jit(graph = false)]
    fn other(x: &Array) -> Array {
        x + CAPTURED.with_borrow(|kept| kept.clone().unwrap())
    }
    CAPTURED.set(Some(stolen.clone()));
    says(&panic_message(|| drop(other(&scalar(1.0)))));
    says(&panic_message(|| drop(nnx::grad(|x: &Array| x * &stolen, &scalar(1.0)))));
}

#[test]
fn a_value_kept_by_a_captured_cell_is_refused() {
    #[nnx::jit(graph = false)]
    fn remembers(x: &Array) -> Array {
        let before = CAPTURED.take();
        CAPTURED.set(Some(x * 2.0)); // remembered here
        match before {
            Some(before) => x + before,
            None => x.clone(),
        }
    }
    CAPTURED.set(None);
    remembers(&scalar(1.0));
    // Another key: traced again, and the value of the first trace is still there.
    let message = panic_message(|| drop(remembers(&f32s(&[1.0]))));
    assert_says(&message, &["escaped", "`remembers`", &line_of("// remembered here")]);
}

#[test]
fn a_value_that_grads_closure_keeps_is_reported_when_grad_ends() {
    let kept = RefCell::new(None);
    let keep = |x: &Array| {
        let y = x * 3.0;
        kept.replace(Some(y.clone()));
        y
    };
    let message = panic_message(|| drop(nnx::grad(keep, &scalar(1.0))));
    assert_says(&message, &["`grad` put a traced value into something that it captured"]);

    // Inside a jitted function the trace around it goes on, the inner one is over all the same.
    #[nnx::jit(graph = false)]
    fn leaks_from_grad(x: &Array) -> Array {
        let kept = RefCell::new(None);
        let keep = |x: &Array| {
            kept.replace(Some(x * 4.0));
            x * 5.0
        };
        nnx::grad(keep, x);
        x.clone()
    }
    let message = panic_message(|| drop(leaks_from_grad(&scalar(1.0))));
    assert_says(&message, &["grad: the function given to `grad` put a traced value"]);
}

/// A thread that tries to use what it is sent, and sends back what it was told.
fn other_thread() -> (mpsc::Sender<Array>, mpsc::Receiver<String>) {
    let (give, given) = mpsc::channel::<Array>();
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        for array in given {
            answer.send(panic_message(|| drop(&array + 1.0))).unwrap();
        }
    });
    (give, answered)
}

type Channel = (mpsc::Sender<Array>, mpsc::Receiver<String>);

thread_local! {
    static CHANNEL: RefCell<Option<Channel>> = const { RefCell::new(None) };
}

#[test]
fn another_thread_cannot_use_it_while_the_trace_runs_nor_after() {
    #[nnx::jit(graph = false)]
    fn sends(x: &Array) -> Array {
        let sent = x * 6.0; // sent here
        CHANNEL.with_borrow(|channel| {
            let (give, answered) = channel.as_ref().unwrap();
            give.send(sent.clone()).unwrap();
            // The trace still runs.
            assert_says(&answered.recv().unwrap(), &["`sends`", &line_of("// sent here")]);
        });
        KEPT_FOR_LATER.lock().unwrap().replace(sent.clone());
        sent
    }
    static KEPT_FOR_LATER: Mutex<Option<Array>> = Mutex::new(None);

    CHANNEL.set(Some(other_thread()));
    assert_eq!(sends(&scalar(1.0)).item::<f32>(), 6.0);
    let (give, answered) = CHANNEL.take().unwrap();
    give.send(KEPT_FOR_LATER.lock().unwrap().take().unwrap()).unwrap();
    assert_says(&answered.recv().unwrap(), &["`sends`", &line_of("// sent here")]);
}

#[test]
fn a_thread_with_a_trace_of_its_own_cannot_use_it_either() {
    #[nnx::jit(graph = false)]
    fn lends(x: &Array) -> Array {
        let lent = x * 7.0; // lent here
        let message = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                panic_message(|| {
                    nnx::grad(|y: &Array| y * &lent, &scalar(1.0));
                })
            });
            thread.join().unwrap()
        });
        assert_says(&message, &["`lends`", &line_of("// lent here")]);
        lent
    }
    assert_eq!(lends(&scalar(1.0)).item::<f32>(), 7.0);
}

#[test]
fn reading_a_value_while_it_is_traced_says_why_it_has_none() {
    #[nnx::jit(graph = false)]
    fn reads(v: &mut Param) -> f32 {
        v.item() // read here
    }
    let message = panic_message(|| {
        reads(&mut Param::new(scalar(1.0)));
    });
    assert_says(&message, &["`reads`", "traced"]);
}

#[test]
fn an_escape_is_an_err_where_the_function_returns_a_result() {
    #[nnx::jit(graph = false)]
    fn uses(x: &Array) -> nnx::Result<Array> {
        Ok(CAPTURED.with_borrow(|kept| x + kept.as_ref().unwrap()))
    }
    #[nnx::jit(graph = false)]
    fn keeps(x: &Array) -> Array {
        let kept = x + 1.0; // kept here
        CAPTURED.set(Some(kept.clone()));
        kept
    }
    keeps(&scalar(1.0));
    let error = uses(&scalar(1.0)).unwrap_err().to_string();
    assert_says(&error, &["escaped", "`keeps`", &line_of("// kept here")]);
    CAPTURED.set(Some(scalar(5.0)));
    assert_eq!(uses(&scalar(1.0)).unwrap().item::<f32>(), 6.0);
}

#[test]
fn an_argument_that_escapes_names_the_line_of_the_call() {
    #[nnx::jit(graph = false)]
    fn keeps_its_argument(net: &Net) {
        CAPTURED.set(Some(net.blocks[1].cells[0].kernel.value().clone()));
    }
    #[nnx::jit(graph = false)]
    fn keeps_or_fails(net: &Net) -> nnx::Result<()> {
        CAPTURED.set(Some(net.data.clone()));
        Ok(())
    }
    let refused = || panic_message(|| drop(CAPTURED.take().unwrap() + 1.0));
    keeps_its_argument(&net()); // called here
    assert_says(&refused(), &["`keeps_its_argument`", &line_of("// called here")]);
    keeps_or_fails(&net()).unwrap(); // called there
    assert_says(&refused(), &["`keeps_or_fails`", &line_of("// called there")]);
}
