//! Functions that `#[nnx::jit]` takes, traced without an XLA runtime.
#![deny(warnings)]

use nnx::jit::lower;
use nnx::module::{BatchStat, VariableKind};
use nnx::{Array, DType, Error, Module, Param, Variable};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

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

/// With a doc comment, attributes and a visibility.
#[nnx::jit(graph = false)]
#[must_use]
#[inline]
pub(crate) fn documented(x: &Array) -> Array {
    x + 1.0
}

#[nnx::jit(graph = false)]
#[track_caller]
fn with_its_own_track_caller() -> Array {
    nnx::array::zeros([2], DType::F32)
}

#[nnx::jit(graph = false)]
fn nothing() {}

#[nnx::jit(graph = false)]
fn in_place(x: &mut Array) {
    *x = &*x + 1.0;
}

#[nnx::jit(graph = false)]
fn patterns(
    (a, mut b): (Array, Array),
    Linear { kernel, width: _ }: Linear,
    [c, ..]: &[Array; 3],
    mut by_value: Param,
    _: &Array,
    #[allow(unused_variables)] unused: &Array,
) -> (Array, Param) {
    b = b + a;
    by_value.set(&b * &kernel * c);
    (b, by_value)
}

#[nnx::jit(graph = false)]
fn containers(
    list: &Vec<Linear>,
    option: Option<Array>,
    boxed: Box<Linear>,
    map: &mut BTreeMap<String, Param>,
    other: &HashMap<&'static str, Array>,
    array: [Param; 2],
    r#type: (u8, bool, char, &'static str, String),
) -> Option<Array> {
    let [first, _] = &array;
    if let Some(param) = map.get_mut("scale") {
        let next = &*param * 2.0;
        param.set(next);
    }
    assert_eq!(r#type, (1, true, 'c', "str", "string".to_owned()));
    option.map(|x| x * &list[0].kernel + &boxed.kernel + first + &other["x"])
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Config {
    layers: usize,
}

#[nnx::jit(graph = false)]
fn marked(
    x: &Array,
    #[nnx(static)] config: Config,
    #[nnx(static)] rate: f32,
    #[nnx(static)] rates: (Option<f32>, Vec<f64>),
    #[nnx(static)] activation: fn(&Array) -> Array,
    #[nnx(static)] mode: &'static str,
) -> Array {
    assert_eq!(mode, "train");
    activation(&(x * config.layers * rate * rates.0.unwrap_or(1.0) * rates.1[0]))
}

#[nnx::jit(graph = false, static(config, rate), donate = false, name = "step", inline = false)]
fn named_in_the_attribute(x: &Array, mut config: Config, rate: f32) -> Array {
    config.layers += 1;
    x * config.layers * rate
}

#[nnx::jit(graph = false)]
fn generic<K: VariableKind, M, const N: usize>(v: &mut Variable<K>, module: &M) -> [Array; N]
where
    M: Module + Debug,
{
    let _ = format!("{module:?}");
    let next = &*v + N;
    v.set(next.clone());
    std::array::from_fn(|_| next.clone())
}

#[nnx::jit(graph = false)]
fn lifetimes<'a, 'b: 'a>(x: &'a Array, y: &'b mut Param) -> Array {
    let sum = x + &*y;
    y.set(sum.clone());
    sum
}

#[nnx::jit(graph = false)]
fn impl_trait(module: &impl Module, other: impl Module, last: &mut impl Module) -> impl Module {
    let _ = (module, other, last);
    [Array::scalar(1.0_f32)]
}

#[nnx::jit(graph = false)]
fn early(x: &Array, n: usize) -> Result<Array, Error> {
    if n == 0 {
        return Ok(x.clone());
    }
    let y = inner(x, n)?;
    Ok(y + 1.0)
}

#[nnx::jit(graph = false)]
fn inner(x: &Array, n: usize) -> nnx::Result<Array> {
    if n > 3 { Err(Error::Invalid("too large".to_owned())) } else { Ok(x * n) }
}

mod error {
    #[derive(Debug)]
    pub struct Own;
    impl From<nnx::Error> for Own {
        fn from(_: nnx::Error) -> Self {
            Own
        }
    }
}

#[nnx::jit(graph = false)]
fn own_error(x: &Array) -> Result<Array, error::Own> {
    if x.rank() == 0 { Err(error::Own) } else { Ok(x.clone()) }
}

fn inside_a_function() -> Array {
    struct Local;
    impl Local {
        const WIDTH: i32 = 2;
    }
    #[derive(Module)]
    struct Model {
        kernel: Param,
    }
    #[nnx::jit(graph = false)]
    fn local(model: &Model, models: &Vec<(Model, usize)>) -> Array {
        &model.kernel * Local::WIDTH + &models[0].0.kernel
    }
    let model = || Model { kernel: Param::new(x()) };
    local(&model(), &vec![(model(), 1)])
}

macro_rules! steps {
    ($($name:ident($argument:ident: $ty:ty) -> $result:ty $body:block)*) => {$(
        #[nnx::jit(graph = false)]
        fn $name($argument: $ty, hidden: &Array) -> $result {
            let _ = hidden;
            let result = $body;
            result
        }
    )*};
}

steps! {
    from_a_macro(x: &Array) -> Array { x + 1.0 }
    another(x: Array) -> Vec<Array> { vec![x.clone(), x] }
}

#[nnx::jit(graph = false)]
fn called_like_its_argument(called_like_its_argument: &Array) -> Array {
    called_like_its_argument.clone()
}

fn main() {
    let lowered = |name: &str, call: &dyn Fn()| {
        lower(call).unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    lowered("documented", &|| {
        let _ = documented(&x());
    });
    lowered("with_its_own_track_caller", &|| {
        with_its_own_track_caller();
    });
    lowered("nothing", &|| nothing());
    lowered("in_place", &|| in_place(&mut x()));
    lowered("patterns", &|| {
        let c = [x(), x(), x()];
        patterns((x(), x()), linear(), &c, Param::new(x()), &x(), &x());
    });
    lowered("containers", &|| {
        let mut map = BTreeMap::from([("scale".to_owned(), Param::new(x()))]);
        let other = HashMap::from([("x", x())]);
        let r#type = (1, true, 'c', "str", "string".to_owned());
        let array = [Param::new(x()), Param::new(x())];
        let list = vec![linear()];
        containers(&list, Some(x()), Box::new(linear()), &mut map, &other, array, r#type);
    });
    lowered("marked", &|| {
        let rates = (Some(1.0), vec![2.0]);
        marked(&x(), Config { layers: 1 }, 0.5, rates, |x| x.clone(), "train");
    });
    let named = lower(|| named_in_the_attribute(&x(), Config { layers: 1 }, 0.5));
    assert!(named.is_ok_and(|named| named.stablehlo().contains("step")));
    lowered("generic", &|| {
        let mut variable = Variable::<BatchStat>::new(x());
        generic::<_, _, 2>(&mut variable, &1_u8);
    });
    lowered("lifetimes", &|| {
        lifetimes(&x(), &mut Param::new(x()));
    });
    lowered("impl_trait", &|| {
        impl_trait(&x(), (x(), 1_u8), &mut linear());
    });
    lowered("early", &|| {
        assert!(early(&x(), 1).is_ok());
    });
    lowered("own_error", &|| {
        assert!(own_error(&x()).is_ok());
    });
    lowered("inside_a_function", &|| {
        inside_a_function();
    });
    lowered("from_a_macro", &|| {
        from_a_macro(&x(), &x());
    });
    lowered("another", &|| {
        another(x(), &x());
    });
    lowered("called_like_its_argument", &|| {
        called_like_its_argument(&x());
    });
}
