//! Captures around programs that were compiled in another capture, and Modules that have no place.

use super::jit_support::panic_message;
use nnx::module::{Capture, Intermediate, Perturbation, State, called, capture, perturb, sow};
use nnx::{Array, Module, Param, of_type};

#[derive(Module)]
struct Scale {
    w: Param,
}

impl Scale {
    fn new() -> Scale {
        Scale { w: Param::new(Array::scalar(2.0_f32)) }
    }

    fn forward(&self, x: &Array) -> Array {
        let call = called(self, "forward", &[x]);
        call.returns(x * &*self.w)
    }
}

#[nnx::jit(graph = false)]
fn perturbed_inside(scale: &Scale, x: &Array) -> Array {
    perturb(scale, "h", &(x * &*scale.w))
}

fn x() -> Array {
    Array::scalar(3.0_f32)
}

/// It would be a constant of the program, in calls with other perturbations too.
#[test]
fn a_program_takes_no_perturbation_from_outside() {
    let mut scale = Scale::new();
    let (_, values) = capture(|m| perturb(m, "h", &(x() * &*m.w)), &mut scale);
    let ones: State = {
        let mut state = values.filter(of_type::<Perturbation>());
        state.iter_mut().for_each(|(_, leaf)| leaf.value = Array::scalar(1.0_f32));
        state
    };
    for _ in 0..2 {
        let run = || {
            Capture::new()
                .perturbations(&ones)
                .run(|m| perturbed_inside(m, &x()), &mut Scale::new())
        };
        let text = panic_message(|| drop(run()));
        assert!(text.contains("perturbed_inside: the body adds the perturbation `h`"), "{text}");
        let text =
            panic_message(|| drop(capture(|m| perturbed_inside(m, &x()), &mut Scale::new())));
        assert!(text.contains("the body sows `h`"), "{text}");
        assert_eq!(perturbed_inside(&scale, &x()).item::<f32>(), 6.0);
    }
}

#[nnx::jit(graph = false)]
fn called_inside(scale: &Scale, x: &Array) -> Array {
    scale.forward(x)
}

#[test]
fn a_program_without_results_of_methods_is_not_taken_for_one_that_has_none() {
    let mut scale = Scale::new();
    for _ in 0..2 {
        let (y, values) = capture(|m| called_inside(m, &x()), &mut scale);
        assert!(values.is_empty() && y.item::<f32>() == 6.0);
        let run =
            || Capture::new().method_outputs().run(|m| called_inside(m, &x()), &mut Scale::new());
        let text = panic_message(|| drop(run()));
        assert!(text.contains("called_inside: the body sows `forward`"), "{text}");
    }
}

#[derive(Module)]
struct Tap;

#[derive(Module)]
struct Taps {
    a: Tap,
    b: Tap,
    w: Param,
}

/// Modules without fields may all lie at one address.
#[test]
fn modules_without_fields() {
    let mut taps = Taps { a: Tap, b: Tap, w: Param::new(x()) };
    let both = |m: &mut Taps| {
        sow::<Intermediate, _>(&m.a, "h", &m.w);
        sow::<Intermediate, _>(&m.b, "h", &(&*m.w * 2.0));
    };
    let ((), values) = capture(both, &mut taps);
    let paths: Vec<String> = values.paths().map(|path| path.to_string()).collect();
    assert_eq!(paths, ["h[0]", "h[1]"]);
    let text = panic_message(|| drop(capture(|m| perturb(&m.a, "h", &m.w), &mut taps)));
    assert!(text.contains("Tap` has no fields, so that its place is not known"), "{text}");
}

#[test]
fn one_name_has_one_shape() {
    let mut scale = Scale::new();
    let two = |m: &mut Scale| {
        perturb(m, "h", Array::from([1.0_f32, 2.0]));
        nnx::vmap(|x: &Array| perturb(&*m, "h", x), &Array::from([1.0_f32, 2.0, 3.0]), 0)
    };
    let text = panic_message(|| drop(capture(two, &mut scale)));
    assert!(text.contains("perturb: `h` is one perturbation"), "{text}");
}
