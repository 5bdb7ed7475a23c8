//! The caches of compiled programs and the table of avals are bounded. They are the process's, so this is a process
//! of its own.
#![allow(clippy::unwrap_used)]

use nnx::jit::{CacheLimits, cache_limits, cached_programs, functions, set_cache_limits};
use nnx::value::Aval;
use nnx::{Array, DType, Module, Param, Shared};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};

/// One test at a time, from the same limits.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    nnx::jit::clear_caches();
    set_cache_limits(CacheLimits { programs: 40, maps: usize::MAX });
    one
}

fn array(n: usize) -> Array {
    Array::from_slice(&vec![1.0_f32; n], [n])
}

/// The memory maps of this process; 0 where the system does not say.
fn maps() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().count()
}

#[test]
fn ever_new_shapes_leave_memory_maps_and_programs_bounded() {
    #[nnx::jit(graph = false)]
    fn sum(x: &Array) -> Array {
        (x + 1.0).sum(..)
    }
    let _one = alone();
    let run = |n: usize| {
        assert_eq!((-array(n)).to_vec::<f32>(), vec![-1.0; n]);
        assert_eq!(sum(&array(n)).item::<f32>(), 2.0 * n as f32);
        assert!(cached_programs() <= 40, "{}", cached_programs());
    };
    (1..=45).for_each(run);
    let before = maps();
    (46..=150).for_each(run);
    assert!(maps() < before + 100, "{} memory maps, {before} before", maps());
}

/// Avals that nobody uses are dropped; those in use are the same as ever, and their programs are found.
#[test]
fn ever_new_shapes_leave_the_table_of_avals_bounded() {
    #[nnx::jit(graph = false, name = "called_before_and_after")]
    fn called(x: &Array) -> Array {
        x + 1.0
    }
    let _one = alone();
    let kept: Vec<Array> = (1..=1000).map(array).collect();
    called(&kept[4]);
    for n in 0..200_000 {
        let aval = Aval::new(DType::F32, &[n, 3]);
        assert_eq!(aval.shape(), [n, 3]);
        assert!(Aval::interned() <= 10_000, "{} after {n} shapes", Aval::interned());
    }
    for (n, x) in (1..).zip(&kept) {
        assert_eq!((x.shape(), x.dtype()), (&[n][..], DType::F32));
        // They are compared as pointers.
        assert_eq!(*x.aval(), Aval::new(DType::F32, &[n]));
    }
    assert_eq!(called(&kept[4]).to_vec::<f32>(), [2.0; 5]);
    let function = functions().into_iter().find(|f| f.name == "called_before_and_after").unwrap();
    assert_eq!((function.compiles, function.hits), (1, 1));
}

/// A sweep drops nothing that is in use, however much that is, and the table becomes small again.
#[test]
fn avals_in_use_survive_a_sweep() {
    let _one = alone();
    let pass_by = || (0..100_000).for_each(|n| drop(Aval::new(DType::F64, &[n, 5])));
    let kept: Vec<Aval> = (0..30_000).map(|n| Aval::new(DType::I8, &[2, n])).collect();
    pass_by();
    assert!((30_000..=70_000).contains(&Aval::interned()), "{}", Aval::interned());
    assert!((0..).zip(&kept).all(|(n, aval)| *aval == Aval::new(DType::I8, &[2, n])));
    drop(kept);
    pass_by();
    assert!(Aval::interned() <= 10_000, "{}", Aval::interned());
}

#[test]
fn threads_may_use_avals_while_others_sweep() {
    let _one = alone();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..50_000 {
                    let (new, again) = (Aval::new(DType::U8, &[n]), Aval::new(DType::U8, &[n]));
                    assert_eq!(new, again);
                }
            });
        }
    });
    assert!(Aval::interned() <= 10_000, "{}", Aval::interned());
}

/// The memory maps that there are count, not only what programs should have.
#[test]
fn memory_maps_are_bounded_also_where_more_programs_would_be_allowed() {
    #[nnx::jit(graph = false)]
    fn mapped(x: &Array) -> Array {
        x * 9.0
    }
    let _one = alone();
    mapped(&array(1));
    let most = maps() + 200;
    set_cache_limits(CacheLimits { programs: usize::MAX, maps: most });
    let programs = 300.min(most / 3 - 10);
    (2..2 + programs).for_each(|n| drop(mapped(&array(n))));
    // They are counted after every 64 programs, each of which has a handful.
    let now = maps();
    assert!(now < most + 64 * 5, "{now} memory maps, {most} allowed, after {programs} programs");
}

#[test]
fn the_least_recently_used_programs_go_first() {
    #[nnx::jit(graph = false)]
    fn old_and_new(x: &Array) -> Array {
        x * 3.0
    }
    let _one = alone();
    let compiles = || {
        let functions = functions();
        functions.iter().find(|f| f.name == "old_and_new").unwrap().compiles
    };
    for n in 1..=80 {
        old_and_new(&array(n));
        // Used now and then, and so kept.
        old_and_new(&array(1));
    }
    assert_eq!(compiles(), 80);
    old_and_new(&array(1));
    old_and_new(&array(79));
    assert_eq!(compiles(), 80, "the latest are there");
    old_and_new(&array(2));
    assert_eq!(compiles(), 81, "the oldest are not");
}

#[test]
fn limits_can_be_read_and_set_and_take_effect_at_once() {
    let _one = alone();
    let limits = cache_limits();
    assert_eq!(limits.programs, 40);
    (1..=30).for_each(|n| drop(-array(n)));
    assert_eq!(cached_programs(), 30);
    set_cache_limits(CacheLimits { programs: 10, ..limits });
    assert_eq!(cached_programs(), 10);
    // Three maps a program.
    set_cache_limits(CacheLimits { maps: 15, ..limits });
    assert_eq!(cached_programs(), 5);
    set_cache_limits(CacheLimits { programs: 0, ..limits });
    assert_eq!(cached_programs(), 1, "one is always kept");
    assert_eq!((-array(7)).to_vec::<f32>(), [-1.0; 7]);
}

#[test]
fn threads_may_run_programs_while_others_make_room() {
    #[nnx::jit(graph = false)]
    fn busy(x: &Array) -> Array {
        x.sum(..) + 1.0
    }
    let _one = alone();
    set_cache_limits(CacheLimits { programs: 4, maps: usize::MAX });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for i in 0..30 {
                    let n = 1 + (i * (thread + 1)) % 13;
                    assert_eq!(busy(&array(n)).item::<f32>(), n as f32 + 1.0);
                    assert_eq!((-array(n)).to_vec::<f32>(), vec![-1.0; n]);
                }
            });
        }
    });
    set_cache_limits(cache_limits());
    assert!(cached_programs() <= 4);
}

/// A call that finds its program while that makes room must not keep it for the next call.
#[test]
fn programs_that_made_room_are_freed_also_while_they_are_called() {
    #[nnx::jit(graph = false, name = "found_while_dropped")]
    fn found(x: &Array) -> Array {
        x * 5.0
    }
    let _one = alone();
    let arrays: Vec<Array> = (1..=4).map(array).collect();
    for _ in 0..25 {
        std::thread::scope(|scope| {
            // Each is unlike the one before, so that each is looked up.
            scope.spawn(|| arrays.iter().cycle().take(12).for_each(|x| drop(found(x))));
            scope.spawn(|| {
                for programs in [1, 40, 1, 40] {
                    set_cache_limits(CacheLimits { programs, maps: usize::MAX });
                }
            });
        });
        // Programs that nobody lists are there if these two differ.
        let kept = cached_programs();
        assert_eq!(nnx::jit::clear_cache("found_while_dropped"), kept);
        assert_eq!(cached_programs(), 0);
    }
}

/// Several threads, more shapes than there is room for, jitted and not, with limits that change.
#[test]
fn many_threads_with_little_room_get_right_results() {
    #[nnx::jit(name = "crowded")]
    fn crowded(state: &Shared<Param>, x: &Array) -> Array {
        let next = &**state.read() + x.sum(..);
        state.write().set(next);
        x * 2.0
    }
    let _one = alone();
    set_cache_limits(CacheLimits { programs: 3, maps: usize::MAX });
    let state = Shared::new(Param::new(Array::scalar(0.0_f32)));
    const ROUNDS: usize = 40;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let state = state.clone();
            scope.spawn(move || {
                for i in 0..ROUNDS {
                    let n = 1 + (i + thread) % 5;
                    assert_eq!(crowded(&state, &array(n)).to_vec::<f32>(), vec![2.0; n]);
                    let programs = 1 + i % 4;
                    set_cache_limits(CacheLimits { programs, maps: usize::MAX });
                }
            });
        }
    });
    let sum: usize = (0..4).flat_map(|t| (0..ROUNDS).map(move |i| 1 + (i + t) % 5)).sum();
    assert_eq!(state.read().item::<f32>(), sum as f32);
    set_cache_limits(CacheLimits { programs: 1, maps: usize::MAX });
    assert!(cached_programs() <= 1);
}

/// The warnings in the log about programs that are compiled again.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Log;

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "nnx::jit" && *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text;
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                WARNINGS.lock().unwrap().push(format!("{value:?}"));
            }
        }
        event.record(&mut Text);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// At the first time, the second, the fourth and so on, of each function and operation.
#[test]
fn the_log_says_that_a_program_is_compiled_again_because_it_made_room() {
    #[nnx::jit(graph = false, name = "again_and_again")]
    fn again(x: &Array) -> Array {
        x * 7.0
    }
    #[nnx::jit(graph = false, name = "once_more")]
    fn more(x: &Array) -> Array {
        x * 8.0
    }
    let _one = alone();
    // For all threads; nobody else has one here.
    tracing::subscriber::set_global_default(Log).unwrap();
    WARNINGS.lock().unwrap().clear();
    again(&array(1));
    nnx::jit::clear_cache("again_and_again");
    again(&array(1));
    assert!(WARNINGS.lock().unwrap().is_empty(), "it was dropped, and made no room");
    set_cache_limits(CacheLimits { programs: 1, maps: usize::MAX });
    // Each one is named, however many others were compiled again before it.
    let told = |name: &str, call: &dyn Fn(&Array)| {
        let is_told = |line: &String| line.contains(&format!("`{name}` is compiled again"));
        for n in (2..200).map(|n| 1 + n % 2) {
            call(&array(n));
            if let Some(line) = WARNINGS.lock().unwrap().iter().find(|line| is_told(line)) {
                return line.clone();
            }
        }
        panic!("nothing is said of `{name}`: {:?}", WARNINGS.lock().unwrap());
    };
    let message = told("again_and_again", &|x| drop(again(x)));
    for part in ["no more than 1 are kept", "pad arrays"] {
        assert!(message.contains(part), "{message}");
    }
    told("once_more", &|x| drop(more(x)));
    told("sin", &|x| drop(x.sin()));
}

/// Counts how many of it there are.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, SeqCst);
        Counted(self.0.clone())
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
impl PartialEq for Counted {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Counted {}
impl std::hash::Hash for Counted {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[derive(Module)]
struct Grown {
    weights: Param,
    more: Option<Param>,
    #[module(static)]
    counted: Counted,
}

/// The argument changes its structure, so that a template of it is kept by the thread.
#[nnx::jit]
fn grow(model: &mut Grown) {
    model.more = match model.more.take() {
        Some(_) => None,
        None => Some(Param::new(&*model.weights + 1.0)),
    };
}

#[test]
fn templates_of_arguments_are_freed_with_their_programs() {
    let _one = alone();
    set_cache_limits(CacheLimits { programs: 4, maps: usize::MAX });
    let count = Arc::new(AtomicUsize::new(0));
    let of = |n: usize| {
        count.fetch_add(1, SeqCst);
        let weights = Param::new(array(n));
        Grown { weights, more: None, counted: Counted(count.clone()) }
    };
    let most = |range: std::ops::Range<usize>| {
        let counts = range.map(|n| {
            grow(&mut of(n));
            count.load(SeqCst)
        });
        counts.max().unwrap()
    };
    let few = most(1..20);
    let many = most(20..60);
    assert!(many <= few, "{many} after many programs, {few} after few");
    // Those that another thread has made room for are freed at the next program.
    std::thread::scope(|scope| drop(scope.spawn(nnx::jit::clear_caches).join()));
    grow(&mut of(1));
    let one = count.load(SeqCst);
    nnx::jit::clear_caches();
    assert!(one < few, "{one}");
    assert_eq!(count.load(SeqCst), 0);
}

/// Runs `part` at each of `count` positions, with a program for the first and none for the others.
fn one_program(what: &str, count: usize, part: impl Fn(usize)) {
    nnx::jit::clear_caches();
    part(0);
    let first = cached_programs();
    (1..count).for_each(part);
    assert_eq!((first, cached_programs()), (1, 1), "{what}");
}

#[test]
fn one_program_serves_all_positions_of_a_part() {
    let _one = alone();
    let all: Vec<i32> = (0..240).collect();
    let x = Array::from_slice(&all, [120, 2]);
    let line = x.reshape([240]);
    let rows = |from: usize, to: usize| all[2 * from..2 * to].to_vec();
    one_program("a range", 100, |i| {
        assert_eq!(x.at(i..i + 20).get().to_vec::<i32>(), rows(i, i + 20));
    });
    one_program("a negative range", 100, |i| {
        let (from, to) = (i as isize - 120, i as isize - 101);
        assert_eq!(x.at(from..to).get().to_vec::<i32>(), rows(i, i + 19));
    });
    one_program("a position", 120, |i| assert_eq!(x.at(i).get().to_vec::<i32>(), rows(i, i + 1)));
    one_program("a column", 2, |i| {
        let column: Vec<i32> = all.iter().copied().skip(i).step_by(2).collect();
        assert_eq!(x.at((.., i)).get().to_vec::<i32>(), column);
    });
    one_program("both", 120, |i| {
        assert_eq!(x.at((-1 - i as isize, 1)).get().item::<i32>(), 2 * (119 - i as i32) + 1);
    });
    one_program("every third", 100, |i| {
        let every = nnx::array::SliceSpec::from(i..i + 100).step_by(3);
        let third: Vec<i32> = all[i..i + 100].iter().copied().step_by(3).collect();
        assert_eq!(line.at(every).get().to_vec::<i32>(), third);
        assert_eq!(line.slice([every]).to_vec::<i32>(), third);
    });
    one_program("split", 1, |_| {
        let parts = x.split(30, 0);
        for (i, part) in parts.iter().enumerate() {
            assert_eq!(part.to_vec::<i32>(), rows(4 * i, 4 * i + 4));
        }
    });
    one_program("roll", 120, |i| {
        let shift = i % 119 + 1;
        let mut rolled = all.clone();
        rolled.rotate_right(2 * shift);
        assert_eq!(x.roll(shift as isize, 0).to_vec::<i32>(), rolled);
        assert_eq!(x.roll(shift as isize - 120, 0).to_vec::<i32>(), rolled);
    });
}

#[test]
fn one_program_serves_all_positions_of_an_update() {
    let _one = alone();
    let all: Vec<i32> = (0..60).collect();
    let x = Array::from_slice(&all, [60]);
    let expect = |places: &[usize], f: &dyn Fn(i32) -> i32| {
        let mut expected = all.clone();
        places.iter().for_each(|&i| expected[i] = f(all[i]));
        expected
    };
    one_program("set", 60, |i| {
        assert_eq!(x.at(i).set(i as i32 - 9).to_vec::<i32>(), expect(&[i], &|_| i as i32 - 9));
    });
    one_program("add", 57, |i| {
        let y = x.at(i..i + 3).add(i as i32);
        assert_eq!(y.to_vec::<i32>(), expect(&[i, i + 1, i + 2], &|x| x + i as i32));
    });
    one_program("every second", 50, |i| {
        let y = x.at(nnx::array::SliceSpec::from(i..i + 5).step_by(2)).mul(7);
        assert_eq!(y.to_vec::<i32>(), expect(&[i, i + 2, i + 4], &|x| x * 7));
    });
    let (table, columns) = (x.reshape([10, 6]), Array::from_slice(&[5, 0], [2]));
    one_program("beside positions", 10, |i| {
        let taken = table.at((i, &columns)).get();
        assert_eq!(taken.to_vec::<i32>(), [6 * i as i32 + 5, 6 * i as i32]);
    });
}

#[test]
fn one_program_serves_all_numbers() {
    let _one = alone();
    let x = array(24).reshape([6, 4]);
    let same = |what: &str, f: &dyn Fn(f64) -> Array| {
        nnx::jit::clear_caches();
        f(0.3);
        let first = cached_programs();
        assert_ne!(f(0.7).to_vec::<f32>(), f(0.8).to_vec::<f32>(), "{what}");
        assert_eq!(cached_programs(), first, "{what}");
    };
    same("mul", &|n| &x * n);
    same("add", &|n| n + &x);
    same("pow", &|n| (&x + 1.0).pow(n));
    same("maximum", &|n| x.maximum(n + 1.0));
    same("clip", &|n| x.clip(0.0, n));
    same("full", &|n| nnx::array::full([3, 3], n, nnx::DType::F32));
    same("full_like", &|n| x.full_like(n));
    same("pad", &|n| x.pad(&[(1, 1), (0, 0)], n));
    same("linspace", &|n| nnx::array::linspace(0.0, n, 5, nnx::DType::F32));
}

#[test]
fn one_program_serves_the_parameters_of_all_shapes() {
    use nnx::nn::initializers::{he_normal, lecun_normal, normal, uniform};
    let _one = alone();
    let key = nnx::random::key(0);
    let shapes = [[1, 1], [3, 4], [100, 90], [64, 512], [2, 100_000]];
    for init in [lecun_normal(), normal(0.1), uniform(0.5)] {
        one_program(&format!("{init:?}"), shapes.len(), |i| {
            init.call(&key, shapes[i], DType::F32).block_until_ready().unwrap();
        });
    }
    // Initializers that differ in their scale share it too.
    nnx::jit::clear_caches();
    lecun_normal().call(&key, [5, 5], DType::F32);
    he_normal().call(&key, [6, 7], DType::F32);
    assert_eq!(cached_programs(), 1);
}
