//! Bounds and where clauses of generic Modules.
use nnx::{Module, Param, State};

#[derive(Module)]
struct Wrap<L>
where
    L: Clone,
{
    inner: L,
}

fn read<L: Clone>(model: &Wrap<L>) -> State {
    //~ fn read<L: Clone + Module>(model: &Wrap<L>) -> State {
    nnx::state(model)
}

fn without_the_bound(inner: Param) -> Wrap<NotClone> {
    Wrap { inner: NotClone(inner) }
}

#[derive(Module)]
//~ #[derive(Module, Clone)]
struct NotClone(Param);

#[derive(Module)]
struct OfSeveral<const N: usize> {
    layers: [Param; N],
}

fn of_a_float(model: &OfSeveral<1.5>) -> usize {
    //~ fn of_a_float(model: &OfSeveral<2>) -> usize {
    model.layers.len()
}

#[derive(Module)]
struct Unused<T> {
    //~ struct Unused {
    kernel: Param,
}

fn main() {}
