//! Functions that take an axis, a size or a count beside what they compute, at the ends of the integers.

use super::child;
use super::failures::Failures;
use nnx_core::array::fft::{
    Norm, dct, dctn, fftn, fftshift, idct, idctn, ifftn, ifftshift, irfftn, rfftn,
};
use nnx_core::array::image::{ResizeMethod, scale_and_translate};
use nnx_core::array::linalg::{hilbert, norm, tensorinv, tensorsolve, vector_norm};
use nnx_core::array::ndimage::{Outside, map_coordinates};
use nnx_core::array::signal::{Trend, detrend};
use nnx_core::array::{self, BitOrder, ConvOptions, IndexMode, QuantileMethod, SliceSpec, stats};
use nnx_core::module::Everything;
use nnx_core::nn::{initializers, log_softmax, logmeanexp, standardize};
use nnx_core::optim::{self, losses};
use nnx_core::random::{self, Rngs, broadcast_rngs};
use nnx_core::{Array, DType, switch};

#[test]
fn axes_at_the_ends_of_the_integers() {
    child::ends("extremes_of_functions::axes_at_the_ends_of_the_integers", || {
        let (x, m) = (array::ones([4], DType::F32), array::ones([3, 3], DType::F32));
        let (i, key) = (Array::from_slice(&[0, 1, 2, 3], [4]), random::key(0));
        let mask = x.gt(0.0);
        let norm_ = Norm::Backward;
        let mut failures = Failures::default();
        for k in [isize::MIN, isize::MIN + 1, -(1 << 40), 1 << 40, isize::MAX - 1, isize::MAX] {
            each!(failures, k,
                x.prod(k); x.mean(k); x.var(k); x.std(k); x.max(k); x.min(k); x.amax(k); x.amin(k);
                x.all(k); x.any(k); x.median(k); x.quantile(0.5, k); x.percentile(50.0, k); x.ptp(k);
                x.quantile_method(0.5, k, QuantileMethod::Lower); x.average(&x, k);
                array::logsumexp(&x, k); array::softmax(&x, k); log_softmax(&x, k); logmeanexp(&x, k);
                array::logsumexp_signed(&x, &x, k); standardize(&x, k, 1e-5);
                x.count_nonzero(k); x.nanprod(k); x.nanmean(k); x.nanmax(k); x.nanmin(k);
                x.nanmedian(k); x.nanquantile(0.5, k); x.nanpercentile(50.0, k);
                x.masked(&mask).prod(k); x.masked(&mask).mean(k); x.masked(&mask).var(k, 0);
                x.masked(&mask).std(k, 0); x.masked(&mask).max(k, 0.0); x.masked(&mask).min(k, 0.0);
                x.masked(&mask).all(k); x.masked(&mask).any(k); x.masked(&mask).count(k);
                x.squeeze(k); x.flip(k); m.transpose([k, 0]); m.transpose([0, k]); x.partition(k, 0);
                x.partition(0, k); x.argpartition(k, 0); x.argpartition(0, k);
                m.rollaxis(k, 0); m.rollaxis(0, k); x.take_mode(&i, k, IndexMode::Clip);
                i.packbits(k, BitOrder::Big); i.astype(DType::U8).unpackbits(k, None, BitOrder::Big);
                x.insert(&[k], 0.0, 0); x.insert(&[0], 0.0, k); x.delete(&[k], 0); x.delete(&[0], k);
                norm(&x, k); vector_norm(&x, 2.0, k); tensorsolve(&m, &x, Some(&[k]));
                detrend(&x, k, Trend::Linear); stats::sem(&x, k, 0); x.sum(array::keepdims(k));
                dct(&x, None, k, norm_); idct(&x, None, k, norm_); dctn(&x, k, norm_);
                idctn(&x, k, norm_); fftn(&x, k, norm_); ifftn(&x, k, norm_); rfftn(&x, k, norm_);
                irfftn(&x, k, norm_); fftshift(&x, k); ifftshift(&x, k);
                array::apply_over_axes(|x, d| x.sum(d), &x, &[k]);
                array::reduce(&x, 0.0, k, |a, b| a + b);
                scale_and_translate(&m, [3, 3], &[k], &x, &x, ResizeMethod::Linear, true);
                random::choice_from(&key, &x, k, [2], true, None);
                random::categorical_samples(&key, &x, k, [2], true);
                random::shuffle_independent(&key, &x, k);
                initializers::delta_orthogonal(1.0, k).call(&key, [3, 2, 2], DType::F32);
                initializers::lecun_normal().in_axis(k).call(&key, [2, 2], DType::F32);
                initializers::lecun_normal().out_axis(k).call(&key, [2, 2], DType::F32);
                initializers::lecun_normal().batch_axis(k).call(&key, [2, 2], DType::F32);
            );
        }
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}

#[test]
fn counts_at_the_ends_of_the_integers() {
    child::ends("extremes_of_functions::counts_at_the_ends_of_the_integers", || {
        let (x, m) = (array::ones([4], DType::F32), array::ones([3, 3], DType::F32));
        let (i, key) = (Array::from_slice(&[0, 1, 2, 3], [4]), random::key(0));
        let (f32, norm_) = (DType::F32, Norm::Backward);
        let images = array::ones([1, 1, 4, 4], f32);
        let mask = x.gt(0.0);
        let bits = i.astype(DType::U8);
        let mut failures = Failures::default();
        for n in [1_usize << 36, 1 << 40, 1 << 62, 1 << 63, isize::MAX as usize, usize::MAX] {
            each!(failures, n, dct(&x, n, 0, norm_); idct(&x, n, 0, norm_););
        }
        for n in [1_usize << 40, 1 << 62, 1 << 63, isize::MAX as usize, usize::MAX - 1, usize::MAX]
        {
            let general = ConvOptions::default();
            each!(failures, n,
                array::diag_indices(2, n); array::diag_indices(n, 2); hilbert(n); tensorinv(&m, n);
                switch(Array::scalar(0), n, |_, x: &Array| x + 1.0, &x);
                array::empty([n, n], f32); Array::shape_only([n, n], f32);
                array::histogram_bin_edges(n, 0.0, 1.0, f32);
                array::histogramdd(&m, &[n, n, n], &[(0.0, 1.0); 3], None);
                bits.unpackbits(0, n, BitOrder::Big); i.unique_counts(n); i.unique_inverse(n);
                array::segment_sum(&x, &i, n); array::segment_prod(&x, &i, n);
                array::segment_max(&x, &i, n); array::segment_min(&x, &i, n);
                array::conv_general_dilated_patches(&images, &[n, n], &general);
                array::dot_general(&m, &m, (&[n], &[n]), (&[], &[]));
                array::dot_general(&m, &m, (&[], &[]), (&[n], &[0]));
                x.var_ddof(.., n); x.masked(&mask).var(.., n); x.masked(&mask).std(.., n);
                stats::sem(&x, .., n); x.slice([SliceSpec::from(..).step_by(n)]);
                map_coordinates(&x, [&x], n, Outside::Nearest, 0.0);
                scale_and_translate(&m, [n, 3], &[0], &x, &x, ResizeMethod::Linear, true);
                random::choice(&key, n, [2], true, None); random::choice(&key, n, [n], false, None);
                random::choice(&key, 4, [n, n], true, None); random::ball(&key, n, 2.0, [n], f32);
                random::laplace(&key, [n, n], f32); random::logistic(&key, [n, n], f32);
                random::cauchy(&key, [n, n], f32); random::lognormal(&key, 1.0, [n, n], f32);
                random::pareto(&key, 1.0, [n, n], f32); random::rayleigh(&key, 1.0, [n, n], f32);
                random::weibull_min(&key, 1.0, 1.0, [n, n], f32);
                random::triangular(&key, 0.0, 0.5, 1.0, [n, n], f32);
                random::maxwell(&key, [n, n], f32);
                random::double_sided_maxwell(&key, 0.0, 1.0, [n, n], f32);
                random::wald(&key, 1.0, [n, n], f32); random::rademacher(&key, [n, n], f32);
                random::geometric(&key, 0.5, [n, n], DType::I32);
                random::poisson(&key, 2.0, [n, n], DType::I32);
                random::binomial(&key, 4.0, 0.5, [n, n], f32);
                random::multinomial(&key, 4.0, &(&x / 4.0), [n, n, 4], f32);
                random::gamma(&key, 1.0, [n, n], f32); random::loggamma(&key, 1.0, [n, n], f32);
                random::beta(&key, 1.0, 1.0, [n, n], f32); random::dirichlet(&key, &x, [n, n], f32);
                random::chisquare(&key, 1.0, [n, n], f32);
                random::generalized_normal(&key, 1.0, [n, n], f32);
                random::multivariate_normal(&key, &x, array::eye(4, f32), [n, n], f32);
                random::uniform_range(&key, [n, n], 0.0, 1.0, f32);
                losses::ctc_loss(array::ones([1, 4, 3], f32), array::zeros([1, 4], f32),
                    array::ones([1, 2], DType::I32), array::zeros([1, 2], f32), n);
                broadcast_rngs(&mut Rngs::new(0), Everything, [n, n]);
            );
        }
        // Each element is between two others along each axis.
        for rank in [15, 40, 64, 70] {
            let x = array::ones(vec![1; rank], f32);
            let at = vec![&i; rank];
            each!(failures, rank, map_coordinates(&x, &at, 1, Outside::Nearest, 0.0););
        }
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}

#[test]
fn steps_of_schedules_at_the_ends_of_the_integers() {
    child::ends("extremes_of_functions::steps_of_schedules_at_the_ends_of_the_integers", || {
        let mut failures = Failures::default();
        for n in [i32::MIN, i32::MIN + 1, -1, 0, i32::MAX - 1, i32::MAX] {
            for step in [0, i32::MAX] {
                let step = Array::scalar(step);
                each!(@ failures.check_name, n,
                    optim::polynomial_schedule(1.0, 0.0, 2.0, n, n).value(&step);
                    optim::linear_schedule(1.0, 0.0, n, n).value(&step);
                    optim::exponential_decay(1.0, n, 0.5).value(&step);
                    optim::exponential_decay(1.0, 10, 0.5).transition_begin(n).value(&step);
                    optim::cosine_decay_schedule(1.0, n, 0.0).value(&step);
                    optim::warmup_cosine_decay_schedule(0.0, 1.0, n, n, 0.0).value(&step);
                    optim::warmup_cosine_decay_schedule(0.0, 1.0, 5, n, 0.0).value(&step);
                    optim::piecewise_constant_schedule(1.0, [(n, 0.5)]).value(&step);
                    optim::cosine_onecycle_schedule(n, 1.0).value(&step);
                    optim::linear_onecycle_schedule(n, 1.0).value(&step);
                    optim::warmup_constant_schedule(0.0, 1.0, n).value(&step);
                    optim::join_schedules([optim::constant_schedule(1.0),
                        optim::constant_schedule(2.0)], [n]).value(&step);
                );
            }
            each!(@ failures.check_name, n, optim::multi_steps(optim::sgd(0.1), n);
                optim::apply_if_finite(optim::sgd(0.1), n););
        }
        assert!(failures.0.is_empty(), "{:#?}", failures.0);
    });
}
