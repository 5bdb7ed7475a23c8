//! Random streams that are shared: the numbers are those of the same program without the library's graph of
//! nodes, in the order of the draws.

use nnx::module::{Everything, path_contains, with_tag};
use nnx::random::{RngStream, fork_rngs, normal, split_rngs};
use nnx::{Array, DType, Module, Shared, in_axes, over, scan, vmap};

/// Two layers that draw from one stream.
#[derive(Module)]
struct Noisy {
    first: Shared<RngStream>,
    second: Shared<RngStream>,
}

impl Noisy {
    fn new(seed: u64) -> Self {
        let first = Shared::new(RngStream::new(seed, "noise"));
        Noisy { second: first.clone(), first }
    }
}

/// Draws from the first, the second, and the first again.
fn draws(m: &Noisy) -> Array {
    let of = |stream: &Shared<RngStream>| normal(&stream.write().next_key(), [2], DType::F32);
    let all = [of(&m.first), of(&m.second), of(&m.first)];
    nnx::array::stack(all.each_ref(), 0)
}

/// The same of one stream that nobody shares.
fn alone(stream: &mut RngStream) -> Array {
    let all = [(); 3].map(|()| normal(&stream.next_key(), [2], DType::F32));
    nnx::array::stack(all.each_ref(), 0)
}

fn floats(array: &Array) -> Vec<f32> {
    array.to_vec::<f32>()
}

#[nnx::jit]
fn jitted(m: &Noisy) -> Array {
    draws(m)
}

#[test]
fn draws_of_all_holders_are_those_of_one_stream() {
    let mut stream = RngStream::new(7, "noise");
    let (eager, shared) = (Noisy::new(7), Noisy::new(7));
    for _ in 0..3 {
        let expected = floats(&alone(&mut stream));
        assert_eq!(floats(&draws(&eager)), expected);
        assert_eq!(floats(&jitted(&shared)), expected);
    }
    // The next draws are the same too: the count was handed back.
    let next = floats(&alone(&mut stream));
    assert_eq!(floats(&draws(&shared)), next);
}

#[test]
fn split_streams_in_vmap() {
    let mut stream = RngStream::new(7, "noise");
    let before = split_rngs(&mut stream, Everything, 3);
    let expected = vmap(|s: &mut RngStream| alone(s), &mut stream, 0);
    before.restore(&mut stream);
    let mut model = Noisy::new(7);
    let before = split_rngs(&mut model, Everything, 3);
    let found = vmap(|m: &Noisy| draws(m), &model, 0);
    before.restore(&mut model);
    assert_eq!(floats(&found), floats(&expected));
    assert!(model.first.ptr_eq(&model.second));
    // The streams go on one key further, once.
    assert_eq!(floats(&draws(&model)), floats(&alone(&mut stream)));
}

#[test]
fn split_streams_in_scan() {
    let mut stream = RngStream::new(7, "noise");
    let before = split_rngs(&mut stream, Everything, 3);
    let ((), expected) = scan(|(), s: &mut RngStream| ((), alone(s)), (), &mut stream);
    before.restore(&mut stream);
    let mut model = Noisy::new(7);
    let before = split_rngs(&mut model, Everything, 3);
    let ((), found) = scan(|(), m: &Noisy| ((), draws(m)), (), &model);
    before.restore(&mut model);
    assert_eq!(floats(&found), floats(&expected));
    assert_eq!(floats(&draws(&model)), floats(&alone(&mut stream)));
}

#[test]
fn a_stream_that_a_loop_carries() {
    // Three steps of an eager loop.
    let mut stream = RngStream::new(7, "noise");
    let expected: Vec<f32> = (0..3).flat_map(|_| floats(&alone(&mut stream))).collect();
    let model = Noisy::new(7);
    let ((), found) = scan(
        |(), (m, _): (&Noisy, &Array)| ((), draws(m)),
        (),
        over((&model, &nnx::array::zeros([3], DType::F32))).in_axes((None, Some(0))),
    );
    assert_eq!(floats(&found), expected);
    let carried = Noisy::new(7);
    let (carried, found) = scan(
        |m: Noisy, _: &Array| {
            let drawn = draws(&m);
            (m, drawn)
        },
        carried,
        &nnx::array::zeros([3], DType::F32),
    );
    assert_eq!(floats(&found), expected);
    let next = floats(&alone(&mut stream));
    assert_eq!(floats(&draws(&model)), next);
    assert_eq!(floats(&draws(&carried)), next);
}

#[test]
fn streams_of_all_rows_are_one_where_they_are_not_split() {
    let (model, mut stream) = (Noisy::new(7), RngStream::new(7, "noise"));
    let rows = nnx::array::zeros([2, 2], DType::F32);
    let of_row = |(m, x): (&Noisy, &Array)| draws(m) + x;
    let found = vmap(of_row, (&model, &rows), in_axes((None, Some(0))));
    let expected = floats(&alone(&mut stream));
    assert_eq!(floats(&found), [expected.clone(), expected].concat());
    assert_eq!(floats(&draws(&model)), floats(&alone(&mut stream)));
}

#[test]
fn forked_streams_leave_the_old_ones() {
    let (mut model, mut stream) = (Noisy::new(7), RngStream::new(7, "noise"));
    let before = (fork_rngs(&mut model, Everything), fork_rngs(&mut stream, Everything));
    for _ in 0..2 {
        assert_eq!(floats(&jitted(&model)), floats(&alone(&mut stream)));
    }
    before.0.restore(&mut model);
    before.1.restore(&mut stream);
    assert_eq!(floats(&jitted(&model)), floats(&alone(&mut stream)));
}

/// A filter that takes one place of a stream and not the other would split it and not.
#[test]
fn a_stream_is_split_whole_or_an_error_names_its_places() {
    let mut model = Noisy::new(7);
    let text = super::message(|| drop(split_rngs(&mut model, path_contains("second"), 3)));
    let expected =
        "one node, different answers of the filter:\n  first.key: not taken\n  second.key: taken";
    assert!(text.contains(expected), "{text}");
    let text = super::message(|| drop(fork_rngs(&mut model, path_contains("first"))));
    assert!(text.contains("first.key: taken\n  second.key: not taken"), "{text}");
    // A filter that is not of paths takes both.
    split_rngs(&mut model, with_tag("noise"), 3).restore(&mut model);
    assert_eq!(floats(&draws(&model)).len(), 6);
}
