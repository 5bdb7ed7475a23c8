//! Methods that `#[nnx::jit]` takes, and every way in which a body can say `self`.
#![deny(warnings)]

use nnx::jit::lower;
use nnx::{Array, DType, Module, Param};
use std::fmt::{self, Debug};

fn x() -> Array {
    Array::shape_only([2], DType::F32)
}

#[derive(Module)]
struct Linear {
    kernel: Param,
    width: usize,
}

fn linear() -> Linear {
    Linear { kernel: Param::new(x()), width: 2 }
}

impl Debug for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linear({})", self.width)
    }
}

mod helpers {
    pub fn twice(x: &nnx::Array) -> nnx::Array {
        x * 2.0
    }
}

impl Linear {
    #[nnx::jit(graph = false)]
    fn by_ref(&self, x: &Array) -> Array {
        x * &self.kernel
    }

    #[nnx::jit(graph = false)]
    fn by_mut(&mut self, x: &Array) {
        let next = self.by_ref(x);
        self.kernel.set(next);
    }

    #[nnx::jit(graph = false)]
    fn by_value(self) -> Param {
        self.kernel
    }

    #[nnx::jit(graph = false)]
    fn by_mut_value(mut self) -> Self {
        self.kernel.set(nnx::array::zeros([2], DType::F32));
        self
    }

    #[nnx::jit(graph = false)]
    fn written_out(self: &Self, other: &mut Self) -> Array {
        other.by_mut(self.kernel.value());
        self.kernel.value().clone()
    }

    #[nnx::jit(graph = false)]
    fn boxed(self: Box<Self>) -> Option<Self> {
        Some(*self)
    }

    #[nnx::jit(graph = false)]
    fn new(width: usize, kernel: &Array) -> Self {
        Self { kernel: Param::new(kernel.clone()), width }
    }

    #[nnx::jit(graph = false)]
    fn in_macros(&self, x: &Array) -> Array {
        let this = "a variable of the user's";
        assert_eq!(format!("{}", self.width), "2");
        assert_eq!(format!("{self:?} {0}", this.len()), "Linear(2) 24");
        assert_eq!(format!("{{self}} {self:>12?}", ), "{self} Linear(2)");
        assert!(matches!(self.width, 1..=3), "{self:?}");
        let all = vec![x * &self.kernel, self::helpers::twice(x)];
        macro_rules! width {
            () => {
                self.width
            };
        }
        &all[0] + &all[1] * width!()
    }

    #[nnx::jit(graph = false)]
    fn other_selves(&self, x: &Array) -> Array {
        struct Counter(usize);
        impl Counter {
            fn add(&mut self, n: usize) -> &mut Self {
                self.0 += n;
                self
            }
        }
        trait Width {
            fn width(&self) -> usize;
        }
        macro_rules! implement {
            ($($item:item)*) => { $($item)* };
        }
        implement! {
            impl Width for Counter {
                fn width(&self) -> usize {
                    self.0
                }
            }
        }
        let mut counter = Counter(0);
        let width = counter.add(self.width).width();
        let closure = |n: usize| &self.kernel * n;
        closure(width) + x
    }

    #[nnx::jit(graph = false)]
    fn early(&self, x: &Array) -> nnx::Result<Array> {
        if self.width == 0 {
            return Ok(x.clone());
        }
        let list = Some(x).ok_or_else(|| nnx::Error::Invalid("none".to_owned()))?;
        Ok(list * &self.kernel)
    }
}

#[derive(Module)]
struct Residual<Head, const N: usize> {
    head: Head,
    kernels: [Param; N],
}

trait Forward: Module {
    fn forward(&self, x: &Array) -> Array;

    #[nnx::jit(graph = false)]
    fn twice(&self, x: &Array) -> Array {
        self.forward(&self.forward(x))
    }

    #[nnx::jit(graph = false)]
    fn both(x: &Array, a: &Self, b: &Vec<Self>) -> Array {
        a.forward(x) + b[0].forward(x)
    }
}

impl Forward for Linear {
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        self.by_ref(x)
    }
}

impl<Head: Forward, const N: usize> Forward for Residual<Head, N> {
    #[nnx::jit(graph = false)]
    fn forward(&self, x: &Array) -> Array {
        x + self.head.forward(x) * &self.kernels[N - 1]
    }
}

// `Head` and `N` belong to the impl, which the attribute does not see.
impl<Head: Forward, const N: usize> Residual<Head, N> {
    #[nnx::jit(graph = false)]
    fn assemble(heads: &mut Vec<Head>, kernels: [Param; N]) -> [Array; N] {
        let x = heads[0].forward(kernels[0].value());
        kernels.map(|kernel| kernel.value() + &x)
    }

    #[nnx::jit(graph = false)]
    fn pair(head: &Head, both: (Option<Head>, Array)) -> Option<Array> {
        both.0.map(|other| other.forward(&head.forward(&both.1)))
    }
}

fn main() {
    let lowered = |name: &str, call: &dyn Fn()| {
        lower(call).unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    macro_rules! lowered {
        ($($call:expr),* $(,)?) => {
            $(lowered(stringify!($call), &|| {
                let _ = $call;
            });)*
        };
    }
    let residual = || Residual { head: linear(), kernels: [Param::new(x()), Param::new(x())] };
    lowered!(
        linear().by_ref(&x()),
        linear().by_mut(&x()),
        linear().by_value(),
        linear().by_mut_value(),
        linear().written_out(&mut linear()),
        Box::new(linear()).boxed(),
        Linear::new(2, &x()),
        linear().in_macros(&x()),
        linear().other_selves(&x()),
        linear().early(&x()),
        linear().twice(&x()),
        Linear::both(&x(), &linear(), &vec![linear()]),
        residual().forward(&x()),
        residual().twice(&x()),
        Residual::assemble(&mut vec![linear()], [Param::new(x())]),
        Residual::<_, 1>::pair(&linear(), (Some(linear()), x())),
    );
}
