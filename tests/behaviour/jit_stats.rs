//! Statistics of jitted functions, limits on their traces, and empty caches.

use super::jit_support::*;
use nnx::jit::{assert_max_traces, clear_cache, clear_caches, functions, lower};
use nnx::{Array, Param};
use std::time::Duration;

#[test]
fn traces_compiles_hits_and_the_time_in_each() {
    #[nnx::jit(graph = false)]
    fn counted(v: &mut Param, n: usize) -> Array {
        let next = &*v * n;
        v.set(next.clone());
        next
    }
    let mut v = Param::new(scalar(1.0));
    counted(&mut v, 1);
    let first = stats("counted");
    assert_eq!((first.traces, first.compiles, first.hits), (1, 1, 0));
    assert!(first.trace_time > Duration::ZERO && first.compile_time > Duration::ZERO, "{first:?}");
    assert_eq!(first.hit_time, Duration::ZERO, "a first call is not a hit");
    for _ in 0..3 {
        counted(&mut v, 1);
    }
    let hit = stats("counted");
    assert_eq!((hit.traces, hit.compiles, hit.hits), (1, 1, 3));
    assert_eq!((hit.trace_time, hit.compile_time), (first.trace_time, first.compile_time));
    assert!(hit.hit_time > Duration::ZERO, "{hit:?}");
    counted(&mut v, 2);
    let then = stats("counted");
    assert_eq!((then.traces, then.compiles, then.hits), (2, 2, 3));
    assert!(then.trace_time > hit.trace_time && then.compile_time > hit.compile_time, "{then:?}");
    assert_eq!(then.hit_time, hit.hit_time, "another key is not a hit");
    assert!(then.module.ends_with("jit_stats"));
    assert!(functions().contains(&then), "all functions are listed");
}

#[test]
fn functions_that_only_failed_or_were_only_lowered_are_listed() {
    #[nnx::jit(graph = false)]
    fn never_works(x: &Array) -> Array {
        x.matmul(x)
    }
    panic_message(|| drop(never_works(&scalar(1.0))));
    let failed = stats("never_works");
    assert_eq!((failed.compiles, failed.hits), (0, 0));
    #[nnx::jit(graph = false)]
    fn never_run(x: &Array) -> Array {
        x + 1.0
    }
    lower(|| never_run(&scalar(1.0))).unwrap();
    let lowered = stats("never_run");
    assert_eq!((lowered.traces, lowered.compiles, lowered.hits), (1, 0, 0));
}

#[test]
fn limits_nest_and_count_each_function_by_itself() {
    #[nnx::jit(graph = false)]
    fn one(x: &Array) -> Array {
        x + 1.0
    }
    #[nnx::jit(graph = false)]
    fn two(x: &Array) -> Array {
        one(x) * 2.0
    }
    let of = |n: usize| f32s(&vec![1.0; n]);
    let total = assert_max_traces(2, || {
        assert_max_traces(1, || {
            one(&of(1));
            two(&of(1));
        });
        // The outer limit counts what the inner one allowed; nested calls are not traces.
        one(&of(2));
        two(&of(2));
        let message = panic_message(|| drop(one(&of(3))));
        assert_says(&message, &["one: traced more than 2 times", "`x` is now f32[3], before"]);
        7
    });
    assert_eq!(total, 7);
    // The limit is gone, after a panic too.
    panic_message(|| assert_max_traces(0, || drop(two(&of(3)))));
    two(&of(3));
    one(&of(3));
    assert_eq!((traces("one"), traces("two")), (3, 3));
    // A call whose program is in the cache already is not a trace.
    assert_max_traces(0, || one(&of(1)));
    let message = panic_message(|| {
        #[nnx::jit(graph = false)]
        fn unseen(x: &Array) -> Array {
            x + 1.0
        }
        assert_max_traces(0, || drop(unseen(&of(1))));
    });
    assert_says(&message, &["unseen: traced more than 0 times", "first call"]);
}

#[test]
fn the_cache_of_one_function_is_cleared_alone() {
    #[nnx::jit(graph = false)]
    fn forgets(v: &mut Param, n: usize) {
        let next = &*v + n;
        v.set(next);
    }
    #[nnx::jit(graph = false)]
    fn keeps_its_program(x: &Array) -> Array {
        x + 1.0
    }
    let mut v = Param::new(scalar(0.0));
    let mut call = || {
        forgets(&mut v, 1);
        forgets(&mut v, 2);
        keeps_its_program(&v).item::<f32>()
    };
    assert_eq!(call(), 4.0);
    assert_eq!(clear_cache("forgets"), 2);
    assert_eq!(clear_cache("forgets"), 0);
    assert_eq!([call(), call()], [7.0, 10.0]);
    let counts =
        ["forgets", "keeps_its_program"].map(|name| (stats(name).traces, stats(name).hits));
    assert_eq!(counts, [(4, 2), (1, 2)]);
}

#[test]
fn cleared_caches_are_filled_again() {
    // It empties the caches of all functions, those of other tests too.
    in_own_process("jit_stats::cleared_caches_are_filled_again", || {
        #[nnx::jit(graph = false)]
        fn cleared(v: &mut Param) {
            let next = &*v + 1.0;
            v.set(next);
        }
        let mut v = Param::new(scalar(0.0));
        cleared(&mut v);
        cleared(&mut v);
        let eager = &*v * 2.0;
        clear_caches();
        assert_eq!((eager.item::<f32>(), v.item::<f32>()), (4.0, 2.0), "arrays stay");
        cleared(&mut v);
        cleared(&mut v);
        assert_eq!((v.item::<f32>(), (&*v * 2.0).item::<f32>()), (4.0, 8.0));
        let stats = stats("cleared");
        assert_eq!((stats.traces, stats.compiles, stats.hits), (2, 2, 2));
    });
}
