//! User items that are called like what the expansion uses, and traits with its methods in scope.
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

struct Result;
struct Option;
struct Module;
struct Array;
struct Vec;
struct Box;
struct String;
struct Clone;
struct Default;
struct Iterator;
struct Send;
struct Sync;
struct Eq;
struct Hash;
struct From;
struct FnOnce;
struct Schema;
struct Function;
struct Options;
struct Lend;
struct CallReturning;
struct Name;
struct T;
struct A;
struct R;
enum Maybe {
    Some,
    None,
    Ok,
    Err,
}
#[allow(unused_imports)]
use Maybe::{Err, None, Ok, Some};

#[allow(unused_macros)]
macro_rules! module_path {
    () => { compile_error!("not this one") };
}

const __NNX_VERDICT: usize = 0;
const NAME: usize = 0;
const SCHEMA: usize = 0;
mod core {}
mod std {}
mod jit {
    pub mod check {}
}
mod check {}

fn call() {}
fn report() {}

trait Everything: Sized {
    fn new() {}
    fn of(self) {}
    fn check(&self) {}
    fn by_ref(&self) {}
    fn by_mut(&mut self) {}
    fn by_value(&self) {}
    fn by_hash(&self) {}
    fn call(self) {}
    fn report(self) {}
    fn is_fine(self) {}
    fn ok(self) {}
}
impl<T> Everything for T {}

#[derive(nnx::Module)]
struct Linear {
    kernel: nnx::Param,
}

#[nnx::jit(graph = false)]
fn step(
    this: &mut Linear,
    argument_0: &nnx::Array,
    (a, b): (nnx::Array, nnx::Array),
    __nnx_arguments: ::std::vec::Vec<nnx::Array>,
    #[nnx(static)] function: usize,
    module: &impl nnx::Module,
) -> ::std::result::Result<nnx::Array, nnx::Error> {
    let _ = (module, function);
    let next = &this.kernel + a + b + argument_0 + &__nnx_arguments[0];
    this.kernel.set(next.clone());
    ::std::result::Result::Ok(next)
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn forward(&self, this: &nnx::Array) -> nnx::Array {
        let argument_1 = this + &self.kernel;
        let this = &argument_1 * 2.0;
        this + &self.kernel
    }
}

fn main() {
    let x = || nnx::Array::shape_only([1], nnx::DType::F32);
    let mut linear = Linear { kernel: nnx::Param::new(x()) };
    nnx::jit::lower(|| {
        let list = vec![x()];
        let _ = step(&mut linear, &x(), (x(), x()), list, 1, &x());
    })
    .unwrap();
    nnx::jit::lower(|| linear.forward(&x())).unwrap();
}
