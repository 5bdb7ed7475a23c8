//! Functions and layers that take a size, a position or an axis, at the ends of the integers.

use super::child;
use super::failures::Failures;
use nnx_core::array::fft::{Norm, fft, fftfreq, hfft, ifft, ihfft, irfft, rfft, rfftfreq};
use nnx_core::array::linalg::matrix_power;
use nnx_core::array::special::multigammaln;
use nnx_core::array::{self, PadMode, Padding, Trim, WindowOptions};
use nnx_core::module::Everything;
use nnx_core::nn::{
    AttentionOptions, BatchNorm, Conv, ConvPadding, ConvTranspose, Embed, GRUCell, GroupNorm,
    InstanceNorm, LSTMCell, LayerNorm, Linear, LinearGeneral, LoRA, LoRALinear, MultiHeadAttention,
    PoolOptions, RMSNorm, RNN, SimpleCell, SpectralNorm, avg_pool, dot_product_attention, glu,
    initializers, make_attention_mask, make_causal_mask, max_pool, min_pool,
};
use nnx_core::random::{self, Rngs, split_rngs};
use nnx_core::train::Loader;
use nnx_core::{Array, DType, fori_loop, in_axes, length, map_slices, over, scan, vmap};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn sizes_at_the_ends_of_the_integers() {
    child::ends("extremes::sizes_at_the_ends_of_the_integers", || {
        let (x, m) = (array::ones([4], DType::F32), array::ones([3, 3], DType::F32));
        let i = Array::from_slice(&[0, 1, 2, 3], [4]);
        let (f32, norm) = (DType::F32, Norm::Backward);
        let mut failures = Failures::default();
        for n in [1_usize << 40, 1 << 62, 1 << 63, isize::MAX as usize, usize::MAX - 1, usize::MAX]
        {
            each!(failures, n,
                array::arange(n, f32); array::eye(n, f32); array::tri(n, n, 0, f32);
                array::iota([n, n], f32, 0); array::iota([2], f32, n);
                array::one_hot(&i, n, f32); array::linspace(0.0, 1.0, n, f32);
                array::geomspace(1.0, 2.0, n, f32); array::hanning(n, f32); array::hamming(n, f32);
                array::blackman(n, f32); array::bartlett(n, f32); array::kaiser(n, 1.0, f32);
                array::tril_indices(n, n, 0); array::triu_indices(n, n, 0);
                array::vander(&x, n, false); array::polyfit(&x, &x, n);
                fftfreq(n, 1.0, f32); rfftfreq(n, 1.0, f32);
                fft(&x, n, 0, norm); ifft(&x, n, 0, norm); rfft(&x, n, 0, norm); irfft(&x, n, 0, norm);
                hfft(&x, n, 0, norm); ihfft(&x, n, 0, norm);
                array::full([n, 2], 1.0, f32); x.broadcast_to([n, 4]); x.tile(&[n, n]); x.repeat(n, 0);
                x.top_k(n);   x.nanvar(.., n); x.nanstd(.., n); m.cov(n);
                x.var_ddof(.., n); x.std_ddof(.., n);
                x.hsplit(n); m.vsplit(n); x.split(n, 0); x.split_at(&[n, n], 0); x.array_split(n, 0);
                x.repeat_each(&i, 0, n); x.diff(n, 0); x.nonzero(n, 0); x.flatnonzero(n, 0);
                m.argwhere(n, 0); x.unique(n); x.unique_all(n); i.bincount(n);
                i.bincount_weights(&x, n); x.histogram(n, 0.0, 1.0); array::union1d(&x, &x, n);
                array::setxor1d(&x, &x, n, 0.0); multigammaln(&x, n);
                x.dynamic_slice([&Array::scalar(0)], &[n]); x.slice([(n..).into()]);
                x.slice([(..n).into()]); x.slice([(n..n).into()]); x.sum(n); x.reshape([n, 2]);
                x.pad_mode(&[(n, n)], PadMode::Edge); x.pad_mode(&[(n, 0)], PadMode::Wrap);
                x.pad_mode(&[(0, n)], PadMode::Symmetric); x.pad_mode(&[(0, n)], PadMode::Reflect);
                array::sort_multi([&x], 0, n); x.resize([n, n]); array::identity(n, f32);
                array::intersect1d(&x, &x, n, 0.0); array::setdiff1d(&x, &x, n, 0.0);
                x.extract(x.gt(0.0), n, 0.0); x.compress(x.gt(0.0), 0, n, 0.0);
                x.trim_zeros(Trim::Both, n); array::linspace_exclusive(0.0, 1.0, n, f32);
                array::logspace(0.0, 1.0, n, 10.0, f32); array::indices([n, n]);
                array::unravel_index(&i, [n, n]); array::ravel_multi_index([&i, &i], [n, n]);
            );
        }
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}

#[test]
fn windows_samples_and_layers_at_the_ends_of_the_integers() {
    child::ends("extremes::windows_samples_and_layers_at_the_ends_of_the_integers", || {
        let x = array::ones([1, 4, 2], DType::F32);
        let (f32, u32, i32) = (DType::F32, DType::U32, DType::I32);
        let mut failures = Failures::default();
        let q = array::ones([1, 3, 2, 4], DType::F32);
        let same = PoolOptions::new().padding(Padding::Same);
        let key = random::key(0);
        for n in [1_usize << 40, 1 << 43, 1 << 62, 1 << 63, usize::MAX - 1, usize::MAX] {
            let window = WindowOptions { padding: Padding::Same, ..WindowOptions::default() };
            let strides = PoolOptions::new().strides([n]);
            each!(failures, n,
                array::reduce_window_sum(&x, &[1, n, 1], &window);
                array::reduce_window_max(&x, &[1, n, 1], &window);
                array::reduce_window_min(&x, &[n, n, n], &window);
                max_pool(&x, [n], &same); min_pool(&x, [n], &same); avg_pool(&x, [n], &same);
                max_pool(&x, [2], &strides); glu(&x, n as isize);
                random::bits(&key, [n, n, n], u32); random::uniform(&key, [n, n, n], f32);
                random::normal(&key, [n, n, n], f32); random::randint(&key, [n, n, n], 0, 9, i32);
                random::bernoulli(&key, 0.5, [n, n, n]); random::permutation(&key, n);
                random::categorical(&key, &x, n as isize);
                Linear::new(n, n, &mut Rngs::new(0)); Embed::new(n, n, &mut Rngs::new(0));
                Conv::new(2, n, [3], &mut Rngs::new(0)); Conv::new(2, 2, [n, n], &mut Rngs::new(0));
                LinearGeneral::new([n, n], [n, n], &mut Rngs::new(0));
                LSTMCell::new(2, n, &mut Rngs::new(0)); GRUCell::new(n, n, &mut Rngs::new(0));
                initializers::orthogonal(1.0, -1).call(&key, [n, n, n], f32);
                MultiHeadAttention::new(2, n, &mut Rngs::new(0));
                Conv::builder(2, 2, [3]).kernel_dilation([n]).padding(ConvPadding::Causal)
                    .build(&mut Rngs::new(0)).forward(&x);
                Conv::builder(2, 2, [3]).kernel_dilation([n]).padding(ConvPadding::Circular)
                    .build(&mut Rngs::new(0)).forward(&x);
                Conv::builder(2, 2, [3]).strides([n]).build(&mut Rngs::new(0)).forward(&x);
                Conv::builder(2, 2, [3]).input_dilation([n]).build(&mut Rngs::new(0)).forward(&x);
                Conv::builder(2, 2, [3]).feature_group_count(n).build(&mut Rngs::new(0));
                ConvTranspose::new(2, n, [3], &mut Rngs::new(0));
                ConvTranspose::new(2, 2, [n, n], &mut Rngs::new(0));
                ConvTranspose::builder(2, 2, [3]).strides([n]).build(&mut Rngs::new(0)).forward(&x);
                ConvTranspose::builder(2, 2, [3]).kernel_dilation([n]).build(&mut Rngs::new(0))
                    .forward(&x);
                ConvTranspose::builder(2, 2, [3]).kernel_dilation([n]).strides([n])
                    .padding(ConvPadding::Circular).build(&mut Rngs::new(0)).forward(&x);
                LoRA::new(n, n, n, &mut Rngs::new(0)); LoRA::new(2, n, 2, &mut Rngs::new(0));
                LoRALinear::builder(2, 2, n).build(&mut Rngs::new(0));
                SimpleCell::new(2, n, &mut Rngs::new(0));
                BatchNorm::new(n, &mut Rngs::new(0)); LayerNorm::new(n, &mut Rngs::new(0));
                GroupNorm::new(n, &mut Rngs::new(0)); RMSNorm::new(n, &mut Rngs::new(0));
                GroupNorm::builder(4).num_groups(n).build(&mut Rngs::new(0));
                GroupNorm::builder(4).group_size(n).build(&mut Rngs::new(0));
                InstanceNorm::new(n, &mut Rngs::new(0));
                MultiHeadAttention::builder(n, 4).qkv_features(n).build(&mut Rngs::new(0));
                MultiHeadAttention::builder(2, 4).out_features(n).build(&mut Rngs::new(0));
                MultiHeadAttention::new(2, 4, &mut Rngs::new(0)).init_cache([n, n, 4], f32);
                dot_product_attention(&q, &q, &q, &AttentionOptions::new().local_window_size(n, n));
                dot_product_attention(&q, &q, &q, &AttentionOptions::new().local_window_size(0, n));
                RNN::builder(SimpleCell::new(2, 2, &mut Rngs::new(0))).unroll(n).build()
                    .forward(&x);
                random::split(&key, n); random::split(&key, [n, n]); random::gumbel(&key, [n, n], f32);
                random::truncated_normal(&key, -1.0, 1.0, [n, n], f32);
                random::exponential(&key, [n, n], f32); random::shuffle(&key, &x, n as isize);
            );
        }
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}

#[test]
fn positions_and_axes_at_the_ends_of_the_integers() {
    child::ends("extremes::positions_and_axes_at_the_ends_of_the_integers", || {
        let (x, m) = (array::ones([4], DType::F32), array::ones([3, 3], DType::F32));
        let i = Array::from_slice(&[0, 1, 2, 3], [4]);
        let (f32, norm) = (DType::F32, Norm::Backward);
        let mut failures = Failures::default();
        for k in [isize::MIN, isize::MIN + 1, -(1 << 40), 1 << 40, isize::MAX - 1, isize::MAX] {
            each!(failures, k,
                x.argmax(k); x.argmin(k); x.nanargmax(k); x.nanargmin(k); x.nancumsum(k);
                x.nancumprod(k); x.sort(k); x.argsort(k); array::sort_multi([&x], k, 1);
                array::sort_key_val(&x, &x, k); array::lexsort([&x], k); fft(&x, None, k, norm);
                rfft(&x, None, k, norm); irfft(&x, None, k, norm); x.roll(k, 0); x.roll(1, k);
                m.rot90(k, [0, 1]); m.rot90(1, [k, 0]); x.unstack::<2>(k); x.axis_iter(k); x.split_at(&[1], k);
                x.array_split(2, k); x.repeat_each(&i, k, 6); x.diff(1, k); x.gradient(1.0, k);
                x.expand_axes(&[k]); x.expand_dims(k); array::tri(3, 3, k, f32);
                array::eye_diagonal(3, 3, k, f32); array::tril_indices(3, 3, k);
                array::triu_indices(3, 3, k); m.tril(k); m.triu(k); x.diag(k); m.diag(k); x.diagflat(k);
                m.diagonal(k, 0, 1); m.diagonal(0, k, 1); m.diagonal(0, 0, k); m.trace(k, 0, 1);
                m.trace(0, k, 1); array::vecdot(&x, &x, k); array::trapezoid(&x, 1.0, k);
                array::trapezoid_at(&x, &x, k); array::unwrap(&x, k, 1.0); x.take(&i, k);
                x.take_along_axis(&i, k); x.put_along_axis(&i, 0.0, k); x.cumsum(k); x.cumprod(k);
                x.cummax(k); x.cummin(k); x.cumlogsumexp(k); m.swapaxes(k, 0); m.moveaxis(k, 0);
                m.moveaxis(0, k); x.repeat(2, k); array::concatenate([&x, &x], k);
                array::stack([&x, &x], k); array::append(&x, &x, k); x.split(2, k);
                x.dynamic_index(Array::scalar(0), k); x.sum(k); x.reshape([k, 4]);
                x.slice([(k..).into()]); x.slice([(..k).into()]); x.slice([k.into()]);
                x.pad(&[(k as i64, 0)], 0.0); x.pad(&[(0, k as i64)], 0.0);
                x.pad(&[(k as i64, k as i64)], 0.0); x.pad_general(&[(0, 0, k as i64)], 0.0);
                x.pad_general(&[(k as i64, -1, 1)], 0.0);
            );
        }
        for n in [i32::MIN, i32::MIN + 1, i32::MAX] {
            each!(failures, n, x.powi(n); x.round_decimals(n); matrix_power(&m, n););
        }
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}

#[test]
fn transforms_masks_and_streams_at_the_ends_of_the_integers() {
    child::ends("extremes::transforms_masks_and_streams_at_the_ends_of_the_integers", || {
        let (x, m) = (array::ones([4], DType::F32), array::ones([2, 3], DType::F32));
        let zero = || Array::scalar(0.0_f32);
        let add = |c: Array, x: &Array| (c + x, ());
        let mask = |n| make_attention_mask(&x, &x, |q, k| q * k, n, DType::F32);
        let mut failures = Failures::default();
        for n in [1_usize << 40, 1 << 62, 1 << 63, usize::MAX - 1, usize::MAX] {
            each!(failures, n,
                mask(n); make_causal_mask(&x, n, DType::F32);
                SpectralNorm::builder(Linear::new(3, 3, &mut Rngs::new(0))).n_steps(n)
                    .build(&mut Rngs::new(0)).forward(&m);
                split_rngs(&mut Rngs::new(0), Everything, n);
                vmap(|x: &Array| x + 1.0, &x, in_axes(0).axis_size(n));
                vmap(|x: &Array| x + 1.0, &x, in_axes(None).axis_size(n));
                vmap(|x: &Array| x + 1.0, &x, Some(n as isize));
                scan(add, zero(), over(&x).in_axes(Some(n as isize))); scan(add, zero(), over(&x).length(n));
                scan(|c: Array, ()| (c.clone(), c), zero(), length(n));
                map_slices(|()| Array::scalar(1.0_f32), length(n));
            );
        }
        for n in [1_usize << 31, 1 << 40, 1 << 62, 1 << 63, usize::MAX - 1, usize::MAX] {
            // A number of steps that is cut off would be another one.
            refused(&mut failures, n, || scan(|c: Array, ()| (c + 1.0, ()), zero(), length(n)).0);
            refused(&mut failures, n, || {
                scan(|c: Array, ()| (c + 1.0, ()), zero(), length(1 << 20).unroll(n)).0
            });
            refused(&mut failures, n, || fori_loop(0, n, |_, c: Array| c + 1.0, zero()));
            // There are four copies.
            let (sum, ()) = scan(add, zero(), over(&x).unroll(n));
            assert_eq!(sum.item::<f32>(), 4.0);
        }
        let all = || fori_loop(i32::MIN, i32::MAX, |_, c: Array| c + 1.0, zero());
        refused(&mut failures, "the range of i32", all);
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}

/// As `check`, and there must be a refusal.
fn refused(failures: &mut Failures, n: impl std::fmt::Debug, f: impl FnOnce() -> Array) {
    let mut result = None;
    failures.check("a loop", &n, || result = Some(f()));
    if let Some(result) = result {
        failures.0.push(format!("a loop of {n:?} was run, and gives {result:?}"));
    }
}

#[test]
fn loaders_at_the_ends_of_the_integers() {
    child::ends("extremes::loaders_at_the_ends_of_the_integers", || {
        for n in [1_usize << 40, 1 << 62, 1 << 63, usize::MAX - 1, usize::MAX] {
            let of = |examples, batch| Loader::new(examples, batch, |indices| indices.len());
            let error = |loader: Loader<usize>| loader.in_order().unwrap_err().to_string();
            for (loader, what) in [
                (of(n, 1).ahead(n), "batches ahead for"),
                (of(n, 1).workers(n), "threads for"),
                (of(n, 2).workers(3).ahead(1 << 20), "1048576 batches ahead for"),
            ] {
                let error = error(loader);
                assert!(error.starts_with("Loader: ") && error.contains(what), "{error}");
            }
            let few: Vec<usize> = of(5, 2).ahead(n).workers(n).in_order().unwrap().collect();
            assert_eq!(few, [2, 2, 1]);
            assert_eq!(of(n, 7).in_order().unwrap().next(), Some(7));
            assert_eq!(of(5, n).in_order().unwrap().collect::<Vec<_>>(), [5]);
            for workers in [0, 1] {
                let mut epoch = of(n, n).workers(workers).in_order().unwrap();
                let payload = catch_unwind(AssertUnwindSafe(|| epoch.next())).unwrap_err();
                let message = payload.downcast::<String>().unwrap();
                assert!(message.contains(&format!("a batch of {n} examples")), "{message}");
            }
            let shuffled = || drop(of(n, 1).shuffled(&random::key(0)));
            let payload = catch_unwind(shuffled).unwrap_err();
            let message = payload.downcast::<String>().unwrap();
            assert!(message.contains("more than any device holds"), "{message}");
        }
    });
}
