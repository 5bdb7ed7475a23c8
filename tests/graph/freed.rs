//! The nodes that a traced function made and that nobody holds are freed with its trace, cycles of handles too;
//! those that somebody holds stay.

use super::message;
use nnx::jit::clear_cache;
use nnx::{Array, Module, Param, Shared, SharedWeak, grad, scan, vmap, while_loop};
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Counts those that are alive.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<()>);

impl Counted {
    /// Those besides this one.
    fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl PartialEq for Counted {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Counted {}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A node of a ring.
#[derive(Module)]
struct Link {
    value: Param,
    next: Option<Shared<Link>>,
    #[module(static)]
    counted: Counted,
}

fn link(value: Array, counted: &Counted) -> Shared<Link> {
    Shared::new(Link { value: Param::new(value), next: None, counted: counted.clone() })
}

/// Three nodes, each of which holds the next.
fn ring(x: &Array, counted: &Counted) -> Shared<Link> {
    let nodes = [1.0_f32, 2.0, 3.0].map(|factor| link(x * factor, counted));
    for (i, node) in nodes.iter().enumerate() {
        node.write().next = Some(nodes[(i + 1) % 3].clone());
    }
    nodes[0].clone()
}

fn last_of(ring: &Shared<Link>) -> Array {
    let next = ring.read().next.clone().unwrap();
    let last = next.read().next.clone().unwrap();
    last.read().value.value() * 1.0
}

/// A ring that was made outside of a trace has to be opened to be freed.
fn open(ring: &Shared<Link>) {
    let next = ring.write().next.take();
    drop(next);
}

fn x() -> Array {
    Array::scalar(2.0_f32)
}

#[nnx::jit(name = "freed_inside")]
fn inside(x: &Array, #[nnx(static)] counted: Counted) -> Array {
    last_of(&ring(x, &counted))
}

#[test]
fn a_cycle_that_a_jitted_function_drops_is_freed() {
    let counted = Counted::default();
    assert_eq!(inside(&x(), counted.clone()).item::<f32>(), 6.0);
    // The key of the program has one.
    assert_eq!(counted.others(), 1);
    assert_eq!(inside(&x(), counted.clone()).item::<f32>(), 6.0);
    assert_eq!(counted.others(), 1);
    clear_cache("freed_inside");
    assert_eq!(counted.others(), 0);
}

#[nnx::jit(name = "freed_returned")]
fn returned(x: &Array, #[nnx(static)] counted: Counted) -> Shared<Link> {
    ring(x, &counted)
}

#[test]
fn a_cycle_that_a_jitted_function_returns_is_the_callers_alone() {
    let counted = Counted::default();
    for _ in 0..2 {
        let ring = returned(&x(), counted.clone());
        assert_eq!(last_of(&ring).item::<f32>(), 6.0);
        // Three are the caller's, three the template's; the key of the program has one.
        assert_eq!(counted.others(), 7);
        open(&ring);
        drop(ring);
        assert_eq!(counted.others(), 4);
    }
    clear_cache("freed_returned");
    assert_eq!(counted.others(), 0);
}

#[nnx::jit(name = "freed_set")]
fn set(place: &mut Option<Shared<Link>>, node: &Shared<Link>, #[nnx(static)] counted: Counted) {
    let x = node.read().value.value() * 1.0;
    *place = Some(ring(&x, &counted));
    node.write().next = Some(ring(&x, &counted));
}

#[test]
fn a_cycle_that_is_put_into_an_argument_is_the_callers_alone() {
    let counted = Counted::default();
    let mut place = None;
    let node = link(x(), &Counted::default());
    set(&mut place, &node, counted.clone());
    let rings = [place.take().unwrap(), node.write().next.take().unwrap()];
    rings.iter().for_each(|ring| assert_eq!(last_of(ring).item::<f32>(), 6.0));
    rings.iter().for_each(open);
    drop(rings);
    clear_cache("freed_set");
    assert_eq!(counted.others(), 0);
}

#[nnx::jit(inline = false)]
fn inner(x: &Array, #[nnx(static)] counted: Counted) -> Shared<Link> {
    ring(x, &counted)
}

#[nnx::jit(name = "freed_outer")]
fn outer(x: &Array, #[nnx(static)] counted: Counted) -> Array {
    last_of(&inner(x, counted))
}

#[test]
fn a_cycle_of_a_call_inside_of_a_call_is_freed() {
    let counted = Counted::default();
    assert_eq!(outer(&x(), counted.clone()).item::<f32>(), 6.0);
    clear_cache("freed_outer");
    assert_eq!(counted.others(), 0);
}

#[nnx::jit(name = "freed_failing")]
fn failing(
    place: &mut Option<Shared<Link>>,
    x: &Array,
    #[nnx(static)] counted: Counted,
    #[nnx(static)] panics: bool,
) -> nnx::Result<Array> {
    *place = Some(ring(x, &counted));
    assert!(!panics, "on purpose");
    x.try_item::<f32>()?;
    Ok(x.clone())
}

#[test]
fn a_cycle_of_a_function_that_fails_is_freed() {
    let counted = Counted::default();
    assert!(failing(&mut None, &x(), counted.clone(), false).is_err());
    assert_eq!(counted.others(), 0);
    let text = message(|| {
        let _ = failing(&mut None, &x(), counted.clone(), true);
    });
    assert!(text.contains("on purpose") || text.is_empty(), "{text}");
    assert_eq!(counted.others(), 0);
}

#[test]
fn a_lowered_program_holds_no_cycle() {
    let counted = Counted::default();
    drop(nnx::jit::lower(|| open(&returned(&x(), counted.clone()))).unwrap());
    assert_eq!(counted.others(), 0);
}

#[test]
fn transforms_free_cycles_and_take_them_for_nothing_that_was_captured() {
    let counted = Counted::default();
    let of = |x: &Array| last_of(&ring(x, &counted)).square();
    assert_eq!(grad(of, &x()).item::<f32>(), 36.0);
    let xs = Array::from_slice(&[1.0_f32, 2.0], [2]);
    assert_eq!(vmap(of, &xs, 0).to_vec::<f32>(), [9.0, 36.0]);
    let (sum, _) = scan(|sum: Array, x: &Array| (sum + of(x), ()), x(), &xs);
    assert_eq!(sum.item::<f32>(), 47.0);
    let below = |x: &Array| last_of(&ring(x, &counted)).lt(100.0);
    let end = while_loop(below, |x: Array| last_of(&ring(&x, &counted)), x());
    assert_eq!(end.item::<f32>(), 54.0);
    let flag = Array::scalar(true);
    assert_eq!(nnx::cond(&flag, of, |x: &Array| x.clone(), &x()).item::<f32>(), 36.0);
    assert_eq!(nnx::eval_shape(of, &x()).shape(), [0; 0]);
    let (_, slope) = nnx::jvp(of, &x(), &Array::scalar(1.0_f32));
    assert_eq!(slope.item::<f32>(), 36.0);
    assert_eq!(counted.others(), 0);
}

#[test]
fn rules_of_ones_own_free_cycles() {
    let counted = Counted::default();
    let of = |x: &Array| last_of(&ring(x, &Counted::default())).square();
    let rule = counted.clone();
    let forward_mode = nnx::custom_jvp(of, move |x: &Array, t: &Array| {
        let y = last_of(&ring(x, &rule));
        (y.square(), t * last_of(&ring(&y, &rule)) * 2.0)
    });
    let (rule, backward) = (counted.clone(), counted.clone());
    let reverse_mode = nnx::custom_vjp(
        of,
        move |x: &Array| (last_of(&ring(x, &rule)).square(), ring(x, &rule)),
        move |ring_of_x: Shared<Link>, ct: &Array| {
            let x = ring_of_x.read().value.value() * 1.0;
            ct * last_of(&ring(&x, &backward)) * 6.0
        },
    );
    for _ in 0..2 {
        assert_eq!(grad(|x: &Array| forward_mode(x), &x()).item::<f32>(), 36.0);
        assert_eq!(grad(|x: &Array| reverse_mode(x), &x()).item::<f32>(), 36.0);
        // Those of the three closures, and the template of what `forward` keeps: once, not once a trace.
        assert!(counted.others() <= 6, "{}", counted.others());
    }
}

#[test]
fn a_cycle_that_a_transform_returns_is_the_callers_alone() {
    let counted = Counted::default();
    let xs = Array::from_slice(&[1.0_f32, 2.0], [2]);
    let mapped = vmap(|x: &Array| ring(x, &counted), &xs, 0);
    assert_eq!(last_of(&mapped).to_vec::<f32>(), [3.0, 6.0]);
    assert_eq!(counted.others(), 3);
    open(&mapped);
    drop(mapped);
    let (_, mapped) = nnx::value_and_grad(|x: &Array| (x * 2.0, ring(x, &counted)), &x()).0;
    assert_eq!(counted.others(), 3);
    open(&mapped);
    drop(mapped);
    assert_eq!(counted.others(), 0);
}

thread_local! {
    static KEPT: RefCell<Option<Shared<Link>>> = const { RefCell::new(None) };
    static LINK: RefCell<Option<SharedWeak<Link>>> = const { RefCell::new(None) };
}

fn keeps(x: &Array) -> Array {
    KEPT.set(Some(ring(x, &Counted::default())));
    LINK.set(Some(ring(x, &Counted::default()).downgrade()));
    x * 2.0
}

#[nnx::jit]
fn keeps_outside(x: &Array) -> Array {
    keeps(x)
}

#[test]
fn a_cycle_that_somebody_holds_stays() {
    keeps_outside(&x());
    assert!(LINK.take().unwrap().upgrade().is_none());
    let mut node = KEPT.take().unwrap();
    for _ in 0..3 {
        let text = message(|| {
            node.read().value.item::<f32>();
        });
        assert!(text.contains("a traced value escaped"), "{text}");
        let next = node.read().next.clone().unwrap();
        node = next;
    }
    // In a transform it is an error at once.
    let text = message(|| {
        grad(keeps, &x());
    });
    assert!(text.contains("put a traced value into something that it captured"), "{text}");
}

#[nnx::jit]
fn leaves_a_guard(x: &Array) -> Array {
    let node = ring(x, &Counted::default());
    std::mem::forget(node.write());
    x * 2.0
}

/// Whoever forgets a guard keeps the node, and nothing stands still.
#[test]
fn a_node_with_a_guard_that_was_forgotten_is_let_be() {
    assert_eq!(leaves_a_guard(&x()).item::<f32>(), 4.0);
}
