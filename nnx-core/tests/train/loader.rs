//! Batches made by threads: the same ones as without, ahead of the loop, and no more than asked for.

use nnx_core::train::Loader;
use nnx_core::{Array, DType, random};
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Duration;

proptest! {
    #[test]
    fn batches_are_those_of_a_plain_loop_whatever_the_threads(
        examples in 0_usize..40, size in 1_usize..9, workers in 0_usize..4, ahead in 0_usize..4,
        drop_last: bool,
    ) {
        let loader = Loader::new(examples, size, <[usize]>::to_vec)
            .drop_last(drop_last)
            .workers(workers)
            .ahead(ahead);
        let all: Vec<usize> = (0..examples).collect();
        let mut expected: Vec<Vec<usize>> = all.chunks(size).map(<[usize]>::to_vec).collect();
        expected.retain(|batch| !drop_last || batch.len() == size);
        let mut epoch = loader.in_order().unwrap();
        prop_assert_eq!((loader.batches(), epoch.len()), (expected.len(), expected.len()));
        let batches: Vec<Vec<usize>> = epoch.by_ref().collect();
        prop_assert_eq!(batches, expected);
        prop_assert!(epoch.next().is_none() && epoch.len() == 0);
    }
}

#[test]
fn a_key_is_an_order() {
    let loader = Loader::new(23, 5, <[usize]>::to_vec).workers(2);
    let order = |seed| loader.shuffled(&random::key(seed)).unwrap().flatten().collect::<Vec<_>>();
    let expected = random::permutation(&random::key(3), 23).astype(DType::I64).to_vec::<i64>();
    assert_eq!(order(3), expected.iter().map(|&i| i as usize).collect::<Vec<_>>());
    assert_eq!(order(3), order(3));
    assert_ne!(order(3), order(4));
}

#[test]
fn arrays_are_uploaded_by_the_threads() {
    let images: Vec<f32> = (0..12).map(|n| n as f32).collect();
    let loader = Loader::new(6, 2, move |indices| {
        let pixels: Vec<f32> =
            indices.iter().flat_map(|&i| [images[2 * i], images[2 * i + 1]]).collect();
        (std::thread::current().id(), Array::from_slice(&pixels, [indices.len(), 2]))
    });
    let mut sums = Vec::new();
    for (thread, batch) in loader.in_order().unwrap() {
        assert_ne!(thread, std::thread::current().id());
        sums.push(batch.sum(..).item::<f32>());
    }
    assert_eq!(sums, [6.0, 22.0, 38.0]);
}

#[test]
fn batches_are_made_ahead_and_no_further() {
    const AHEAD: usize = 3;
    let (made, notes) = channel();
    let loader = Loader::new(20, 1, move |indices| {
        made.send(indices[0]).unwrap();
        indices[0]
    })
    .ahead(AHEAD);
    let mut epoch = loader.in_order().unwrap();
    // Nobody has asked for a batch yet.
    let note = || notes.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!((0..AHEAD).map(|_| note()).collect::<Vec<_>>(), [0, 1, 2]);
    // One more is in the hands of the thread, which waits for room.
    assert_eq!(note(), AHEAD);
    assert_eq!(epoch.next(), Some(0));
    assert_eq!(note(), AHEAD + 1);
    drop(epoch);
    // The thread has ended, and made nothing but the batch that it was at.
    assert!(notes.try_iter().count() <= 1);
}

#[test]
fn the_threads_of_an_epoch_that_is_left_end() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let loader = Loader::new(1000, 1, move |_| counter.fetch_add(1, SeqCst)).workers(3).ahead(2);
    loader.in_order().unwrap().next();
    let after = made.load(SeqCst);
    assert!(after <= 3 * (2 + 1) + 1, "{after}");
    // The closure is the loader's alone again.
    drop(loader);
    assert_eq!(Arc::strong_count(&made), 1);
    assert_eq!(made.load(SeqCst), after);
}

#[test]
fn a_panic_of_the_function_is_passed_on_in_its_place() {
    for workers in [0, 1, 3] {
        let loader = Loader::new(9, 1, |indices| {
            assert!(indices[0] != 4, "image 4 is broken");
            indices[0]
        })
        .workers(workers);
        let mut epoch = loader.in_order().unwrap();
        let taken: Vec<usize> = epoch.by_ref().take(4).collect();
        assert_eq!(taken, [0, 1, 2, 3]);
        let payload = catch_unwind(AssertUnwindSafe(|| epoch.next())).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"image 4 is broken"));
    }
}

#[test]
#[should_panic(expected = "a batch of 0 examples")]
fn batches_without_examples_are_refused() {
    Loader::new(4, 0, <[usize]>::to_vec);
}
