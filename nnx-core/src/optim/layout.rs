//! Transformations of parameters in another form: all in one vector, or complex ones as pairs of real ones.

use super::extra::without_extra;
use super::{ExtraArgs, GradientTransformation, Params};
use crate::array::{complex, concatenate};
use crate::graph::Array;
use crate::module::{KeyRef, Path};
use nnx_derive::Module;

/// See [`flatten`].
///
/// ```
/// use nnx::optim::{Adam, FlattenParams, Optimizer, adam, flatten};
/// use nnx::{Array, Param};
///
/// let model = [Array::from([1.0_f32, 2.0]), Array::from([3.0_f32])].map(Param::new);
/// let opt: Optimizer<FlattenParams<Adam>> = Optimizer::new(&model, flatten(adam(0.1)));
/// // One mean of three numbers, in place of two.
/// assert_eq!(opt.opt_state.0.mu.get("").unwrap().shape(), [3]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct FlattenParams<T> {
    inner: T,
}

/// `inner` of all parameters as one vector. `optax.flatten`.
///
/// ```
/// use nnx::optim::{Optimizer, clip_by_block_rms, flatten, sgd};
/// use nnx::{Array, Param};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([0.0, 0.0]);
/// let mut opt = Optimizer::new(&model, (flatten(clip_by_block_rms(1.0)), sgd(1.0)));
/// // Both gradients are one block, of root mean square 5.
/// opt.update(&mut model, &params([1.0, 7.0]));
/// assert!((model[0].item::<f32>() + 0.2).abs() < 1e-5);
/// assert!((model[1].item::<f32>() + 1.4).abs() < 1e-5);
/// ```
pub fn flatten<T: GradientTransformation>(inner: T) -> FlattenParams<T> {
    FlattenParams { inner }
}

fn flat(params: &Params) -> Params {
    let pieces: Vec<Array> = params.arrays().map(|x| x.reshape([x.size()])).collect();
    let all = match pieces.is_empty() {
        true => return params.clone(),
        false => concatenate(&pieces, 0),
    };
    Params::new([(Path::new(), all)])
}

/// The pieces of `all` in the shapes and dtypes of `like`.
fn pieces(all: &Params, like: &Params) -> Params {
    let mut start = 0;
    like.map(|x| match all.arrays().next() {
        Some(all) => {
            let piece = all.slice([(start..start + x.size()).into()]);
            start += x.size();
            piece.reshape(x.shape()).astype(x.dtype())
        }
        None => x.clone(),
    })
}

impl<T: GradientTransformation> GradientTransformation for FlattenParams<T> {
    type State = T::State;

    #[track_caller]
    fn init(&self, params: &Params) -> T::State {
        self.inner.init(&flat(params))
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut T::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let value_fn = |all: &mut Params| extra.loss_at("flatten", &pieces(all, params));
        let inside = ExtraArgs {
            value: extra.value.clone(),
            grad: extra.grad.as_ref().map(flat),
            value_fn: extra.value_fn.is_some().then_some(&value_fn as _),
        };
        let new = self.inner.update_with(flat(&updates), state, &flat(params), &inside);
        pieces(&new, &updates)
    }
}

/// See [`split_real_and_imaginary`].
///
/// ```
/// use nnx::array::complex;
/// use nnx::optim::{Adam, Optimizer, SplitRealAndImaginary, adam, split_real_and_imaginary};
/// use nnx::{Array, DType, Param};
///
/// let z = Param::new(complex(&Array::scalar(1.0_f32), &Array::scalar(2.0_f32)));
/// let tx: SplitRealAndImaginary<Adam> = split_real_and_imaginary(adam(0.5));
/// let state = Optimizer::new(&z, tx).opt_state.0;
/// assert_eq!(state.mu.len(), 2);
/// assert_eq!(state.mu.get("imaginary").unwrap().dtype(), DType::F32);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct SplitRealAndImaginary<T> {
    inner: T,
}

/// `inner` of the real and the imaginary parts of complex parameters, as parameters of their own at the paths `real` and
/// `imaginary` below theirs. `optax.contrib.split_real_and_imaginary`.
///
/// ```
/// use nnx::array::complex;
/// use nnx::optim::{Optimizer, adam, split_real_and_imaginary};
/// use nnx::{Array, Param};
///
/// let number = |re: f32, im: f32| Param::new(complex(&Array::scalar(re), &Array::scalar(im)));
/// let mut z = number(1.0, 1.0);
/// let mut opt = Optimizer::new(&z, split_real_and_imaginary(adam(0.5)));
/// opt.update(&mut z, &number(100.0, -0.1));
/// assert!((z.real().item::<f32>() - 0.5).abs() < 1e-4);
/// assert!((z.imag().item::<f32>() - 1.5).abs() < 1e-4);
/// ```
pub fn split_real_and_imaginary<T: GradientTransformation>(inner: T) -> SplitRealAndImaginary<T> {
    SplitRealAndImaginary { inner }
}

const PARTS: [&str; 2] = ["real", "imaginary"];

fn below(path: &Path, name: &str) -> Path {
    let mut path = path.clone();
    path.push(KeyRef::Name(name));
    path
}

fn split_parts(params: &Params) -> Params {
    let split = params.iter().flat_map(|(path, x)| match x.dtype().is_complex() {
        true => {
            let parts = [x.real(), x.imag()];
            PARTS.iter().zip(parts).map(|(name, part)| (below(path, name), part)).collect()
        }
        false => vec![(path.clone(), x.clone())],
    });
    Params::new(split)
}

/// The complex arrays again where `like` has them.
fn join_parts(split: &Params, like: &Params) -> Params {
    let at = |path: &Path| {
        let found = split.iter().find(|(other, _)| *other == path);
        found.map(|(_, array)| array.clone())
    };
    let mut paths = like.iter().map(|(path, _)| path);
    like.map(|x| {
        let joined = paths.next().and_then(|path| match x.dtype().is_complex() {
            true => Some(complex(&at(&below(path, PARTS[0]))?, &at(&below(path, PARTS[1]))?)),
            false => at(path),
        });
        joined.unwrap_or_else(|| x.clone())
    })
}

impl<T: GradientTransformation> GradientTransformation for SplitRealAndImaginary<T> {
    type State = T::State;

    #[track_caller]
    fn init(&self, params: &Params) -> T::State {
        self.inner.init(&split_parts(params))
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut T::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let name = "split_real_and_imaginary";
        let value_fn = |split: &mut Params| extra.loss_at(name, &join_parts(split, params));
        let inside = ExtraArgs {
            value: extra.value.clone(),
            grad: extra.grad.as_ref().map(split_parts),
            value_fn: extra.value_fn.is_some().then_some(&value_fn as _),
        };
        let split = split_parts(&updates);
        let new = self.inner.update_with(split, state, &split_parts(params), &inside);
        join_parts(&new, &updates)
    }

    fn takes_examples(&self) -> bool {
        self.inner.takes_examples()
    }
}
