//! Filters that are made of filters.
use nnx::module::{BatchStat, Path, VarInfo};
use nnx::{Module, Param, Variable, of_type};

#[derive(Module)]
struct Model {
    kernel: Param,
    mean: Variable<BatchStat>,
}

fn or(model: &Model) -> usize {
    nnx::state(model).filter(of_type::<Param>() | of_type::<BatchStat>()).len()
    //~ nnx::state(model).filter(nnx::Any((of_type::<Param>(), of_type::<BatchStat>()))).len()
}

fn not(model: &Model) -> usize {
    nnx::state(model).filter(!of_type::<Param>()).len()
    //~ nnx::state(model).filter(nnx::Not(of_type::<Param>())).len()
}

fn the_type_itself(model: &Model) -> usize {
    nnx::state(model).filter(Param).len()
    //~ nnx::state(model).filter(of_type::<Param>()).len()
}

fn one_parameter(model: &Model) -> usize {
    nnx::state(model).filter(|path: &Path| path.to_string() == "kernel").len()
    //~ nnx::state(model).filter(|path: &Path, _: &VarInfo| path.to_string() == "kernel").len()
}

fn no_bool(model: &Model) -> usize {
    nnx::state(model).filter(|path: &Path, _: &VarInfo| path.to_string()).len()
    //~ nnx::state(model).filter(|path: &Path, _: &VarInfo| path.to_string() == "kernel").len()
}

fn list(model: &Model) -> usize {
    nnx::state(model).filter([of_type::<Param>(), of_type::<BatchStat>()]).len()
    //~ nnx::state(model).filter(nnx::Any((of_type::<Param>(), of_type::<BatchStat>()))).len()
}

fn main() {}
