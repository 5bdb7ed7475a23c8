//! Fields and parameters of unusual types: a type is asked whether it is a Module, whatever its name is like.
#![allow(dead_code, unused)]
use nnx::{Array, Module, Param, Shared, path};
use std::collections::{BTreeMap, HashMap};
// heads by other names, odd forms that must compile
mod own {
    #[derive(nnx::Module)]
    pub struct Vec<T: Clone>(pub T);
    #[derive(nnx::Module)]
    pub struct Option<T>(pub T, #[module(static)] pub usize);
    #[derive(nnx::Module)]
    pub struct Wrapper<A, const N: usize>(pub [A; N]);
}
type Alias<T> = std::vec::Vec<T>;
trait Fam {
    type L: Module;
}
#[derive(nnx::Module)]
struct Odd<F: Fam + 'static, T>
where
    T: Clone,
{
    a: own::Vec<usize>,
    b: own::Option<Param>,
    c: own::Wrapper<Param, 3>,
    d: Alias<Param>,
    e: HashMap<String, Box<[Param; 2]>>,
    f: F::L,
    g: Vec<F::L>,
    h: (T, Option<T>),
    i: std::marker::PhantomData<F>,
    j: Option<&'static str>,
    k: <F as Fam>::L,
    l: Vec<(T, own::Wrapper<T, 2>)>,
    m: BTreeMap<&'static str, Shared<Param>>,
    n: ((), (Param,)),
}
// Constants in lowercase as arguments.
#[allow(non_upper_case_globals)]
mod lowercase {
    use nnx::{Array, Module, Param};
    pub const width: usize = 2;
    #[derive(Module)]
    pub struct Heads<const N: usize>([Param; N]);
    #[derive(Clone, PartialEq, Eq, Hash)]
    pub struct Setting<const N: usize>;
    #[derive(Module)]
    pub struct Model<T> {
        a: Heads<width>,
        b: Option<super::own::Wrapper<T, { width }>>,
        c: Vec<super::own::Wrapper<Param, width>>,
        #[module(skip)]
        d: Setting<width>,
        #[module(static)]
        e: Setting<{ self::width }>,
    }
    #[nnx::jit]
    fn forward(heads: &Heads<width>, #[nnx(static)] setting: Setting<width>) -> Array {
        heads.0[0].value().clone()
    }
}
macro_rules! mk {
    ($name:ident, $t:ty) => {
        #[derive(Module)]
        struct $name {
            a: $t,
            b: Vec<$t>,
            c: Option<($t, usize)>,
        }
    };
}
mk!(Made, Param);
fn local() {
    #[derive(Module)]
    struct Local {
        a: Param,
    }
    #[derive(Module)]
    struct Outer {
        l: Vec<Local>,
        m: Option<Box<Local>>,
    }
    #[nnx::jit]
    fn f(o: &Outer, v: Vec<Local>) -> Array {
        Array::scalar(1.0_f32)
    }
}
#[nnx::jit]
fn gen1<T: Module + Clone, const N: usize>(
    a: &own::Wrapper<T, N>,
    b: Vec<(T, Option<T>)>,
    c: &mut own::Wrapper<Param, 2>,
) -> usize {
    N
}
impl<F: Fam + 'static, T: Module + Clone> Odd<F, T> {
    #[nnx::jit]
    fn call(&mut self, x: &T, y: Vec<T>, z: &F::L) -> usize {
        1
    }
}
fn main() {}
