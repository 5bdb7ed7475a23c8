//! A call of each function that takes a further array, in every form.

use super::operands::Form;
use nnx_core::array::{self, *};
use nnx_core::nn::{self, *};
use nnx_core::optim::{self, losses};
use nnx_core::random::Key;
use nnx_core::train::{Accuracy, Auc, Average, ConfusionMatrix};
use nnx_core::{Array, DType, random};

macro_rules! calls {
    ($key:ident $x:ident $o:ident $($file:literal { $($name:literal => $call:expr;)* })*) => {
        pub(crate) const CALLED: &[&str] = &[$($(concat!($file, " ", $name)),*),*];

        /// It compiles: every function takes every form.
        #[allow(dead_code, reason = "the calls are there for the compiler")]
        fn call<T: Form>($key: &Key, $x: &Array, given: &T) {
            let $o = || given.clone();
            $($(let _ = $call;)*)*
        }
    };
}

fn kde(x: &Array) -> stats::GaussianKde {
    stats::GaussianKde::new(x, stats::Bandwidth::Scott, None)
}

calls! { key x o
    "array/arith.rs" {
        "Array::maximum" => x.maximum(o());
        "Array::minimum" => x.minimum(o());
        "Array::pow" => x.pow(o());
        "Array::atan2" => x.atan2(o());
        "Array::nextafter" => x.nextafter(o());
        "Array::clip" => x.clip(o(), o());
        "Array::logical_and" => x.logical_and(o());
        "Array::logical_or" => x.logical_or(o());
        "Array::shift_right_logical" => x.shift_right_logical(o());
        "select" => array::select(o(), o(), o());
        "where_" => array::where_(o(), o(), o());
    }
    "array/at.rs" {
        "At::set" => x.at(0).set(o());
        "At::add" => x.at(0).add(o());
        "At::mul" => x.at(0).mul(o());
        "At::min" => x.at(0).min(o());
        "At::max" => x.at(0).max(o());
    }
    "array/at/derived.rs" {
        "At::subtract" => x.at(0).subtract(o());
        "At::divide" => x.at(0).divide(o());
        "At::power" => x.at(0).power(o());
    }
    "array/choose.rs" {
        "choose" => array::choose(o(), [x]);
        "select_first" => array::select_first([x], [x], o());
    }
    "array/classify.rs" {
        "Array::isclose" => x.isclose(o(), Tolerance::default());
        "Array::allclose" => x.allclose(o(), Tolerance::default());
        "Array::array_equal" => x.array_equal(o());
        "Array::where_or" => x.where_or(o(), o());
    }
    "array/complex.rs" {
        "complex" => array::complex(o(), o());
    }
    "array/conv.rs" {
        "conv_general_dilated" => array::conv_general_dilated(o(), o(), &ConvOptions::default());
        "conv_transpose" => array::conv_transpose(o(), o(), &ConvTransposeOptions::default());
    }
    "array/functions.rs" {
        "piecewise" => array::piecewise(x, &[], o());
        "reduce" => array::reduce(x, o(), .., |a, b| a + b);
        "Array::array_equiv" => x.array_equiv(o());
        "Array::mulhi" => x.mulhi(o());
    }
    "array/histograms.rs" {
        "histogramdd" => array::histogramdd(x, &[2], &[(0.0, 1.0)], o());
        "histogram2d" => array::histogram2d(o(), o(), [2, 2], [(0.0, 1.0); 2], o());
    }
    "array/image.rs" {
        "scale_and_translate" => image::scale_and_translate(x, [2], &[0], o(), o(), image::ResizeMethod::Linear, false);
    }
    "array/indexing.rs" {
        "Array::take" => x.take(o(), 0);
        "Array::take_mode" => x.take_mode(o(), 0, IndexMode::Fill);
        "Array::take_along_axis" => x.take_along_axis(o(), 0);
        "Array::put_along_axis" => x.put_along_axis(o(), o(), 0);
    }
    "array/insertion.rs" {
        "Array::insert" => x.insert(&[0], o(), 0);
    }
    "array/integer.rs" {
        "Array::floor_divide" => x.floor_divide(o());
        "Array::divmod" => x.divmod(o());
        "Array::fmod" => x.fmod(o());
        "Array::rem_trunc" => x.rem_trunc(o());
        "Array::div_trunc" => x.div_trunc(o());
        "Array::gcd" => x.gcd(o());
        "Array::lcm" => x.lcm(o());
        "Array::logical_xor" => x.logical_xor(o());
    }
    "array/interpolation.rs" {
        "RegularGridInterpolator::new" => array::RegularGridInterpolator::new([x], o());
        "RegularGridInterpolator::call" => array::RegularGridInterpolator::new([x], x).call(o());
        "vq" => array::vq(x, o());
    }
    "array/linalg/eigen.rs" { "rsf2csf" => linalg::rsf2csf(x, o()); }
    "array/linalg/least_squares.rs" {
        "lstsq" => linalg::lstsq(o(), o(), None);
    }
    "array/linalg/matrix_functions.rs" {
        "solve_sylvester" => linalg::solve_sylvester(x, o(), o(), 1e-8); "expm_frechet" => linalg::expm_frechet(x, o());
    }
    "array/linalg/named.rs" {
        "leslie" => linalg::leslie(x, o());
    }
    "array/linalg/reflections.rs" {
        "householder_product" => linalg::householder_product(x, o());
        "ormqr" => linalg::ormqr(x, o(), o(), true, false);
        "qr_multiply" => linalg::qr_multiply(x, o(), linalg::QrSide::Right, false);
    }
    "array/linalg/solving.rs" {
        "triangular_solve" => linalg::triangular_solve(o(), o(), linalg::TriangularOptions::default());
        "solve_triangular" => linalg::solve_triangular(o(), o(), false);
        "solve" => linalg::solve(o(), o());
        "lu_solve" => linalg::lu_solve(o(), o(), o());
        "cho_solve" => linalg::cho_solve(o(), o());
    }
    "array/linalg/structured.rs" {
        "toeplitz" => linalg::toeplitz(x, o());
        "hankel" => linalg::hankel(x, o());
        "tensorsolve" => linalg::tensorsolve(o(), o(), None);
    }
    "array/linalg/tridiagonal.rs" {
        "eigh_tridiagonal" => linalg::eigh_tridiagonal(x, o(), None); "tridiagonal_solve" => linalg::tridiagonal_solve(x, o(), o(), o());
    }
    "array/linalg/updates.rs" {
        "cholesky_update" => linalg::cholesky_update(x, o()); "symmetric_product" => linalg::symmetric_product(x, o(), 1.0, 0.0, false);
    }
    "array/masked.rs" {
        "Array::masked" => x.masked(o());
        "Masked::max" => x.masked(x).max(.., o());
        "Masked::min" => x.masked(x).min(.., o());
        "Array::nanquantile" => x.nanquantile(o(), ..);
        "Array::nanpercentile" => x.nanpercentile(o(), ..);
    }
    "array/math.rs" {
        "Array::hypot" => x.hypot(o());
        "Array::copysign" => x.copysign(o());
        "Array::heaviside" => x.heaviside(o());
        "Array::fmax" => x.fmax(o());
        "Array::fmin" => x.fmin(o());
        "Array::float_power" => x.float_power(o());
        "Array::logaddexp2" => x.logaddexp2(o());
        "Array::ldexp" => x.ldexp(o());
        "logaddexp" => array::logaddexp(x, o());
    }
    "array/matmul.rs" {
        "Array::matmul" => x.matmul(o());
        "dot_general" => array::dot_general(o(), o(), (&[0], &[0]), (&[0], &[0]));
        "ragged_dot" => array::ragged_dot(o(), o(), o());
    }
    "array/ndimage.rs" {
        "map_coordinates" => ndimage::map_coordinates(x, [x], 2, ndimage::Outside::Nearest, o());
    }
    "array/nonzero.rs" {
        "Array::extract" => x.extract(o(), 2, o());
        "Array::compress" => x.compress(o(), 0, 2, o());
        "Array::isin" => x.isin(o());
        "Array::bincount_weights" => x.bincount_weights(o(), 2);
        "Array::digitize" => x.digitize(o(), false);
    }
    "array/pieces.rs" {
        "Array::ediff1d" => x.ediff1d(o(), o());
        "append" => array::append(x, o(), 0);
    }
    "array/places.rs" {
        "gather" => gather(x, o(), &Default::default(), &[], Default::default());
        "scatter_sub" => scatter_sub(x, o(), o(), &Default::default(), Default::default());
        "scatter_apply" => scatter_apply(x, o(), |x| x + x, &Default::default(), &[], Default::default());
    }
    "array/polynomials.rs" {
        "polyadd" => array::polyadd(o(), o());
        "polysub" => array::polysub(o(), o());
        "polymul" => array::polymul(o(), o());
        "polydiv" => array::polydiv(o(), o());
        "polyfit" => array::polyfit(o(), o(), 2);
    }
    "array/products.rs" {
        "tensordot" => array::tensordot(o(), o(), 1);
        "dot" => array::dot(o(), o());
        "vdot" => array::vdot(o(), o());
        "inner" => array::inner(o(), o());
        "vecdot" => array::vecdot(o(), o(), 0);
        "matvec" => array::matvec(o(), o());
        "vecmat" => array::vecmat(o(), o());
        "outer" => array::outer(o(), o());
        "kron" => array::kron(o(), o());
        "cross" => array::cross(o(), o());
        "polyval" => array::polyval(o(), o());
        "trapezoid_at" => array::trapezoid_at(o(), o(), 0);
        "convolve" => array::convolve(o(), o(), ConvolveMode::Full);
        "correlate" => array::correlate(o(), o(), ConvolveMode::Full);
        "interp" => array::interp(o(), o(), o(), None, None);
    }
    "array/quantile.rs" {
        "Array::quantile" => x.quantile(o(), ..);
        "Array::quantile_method" => x.quantile_method(o(), .., QuantileMethod::Linear);
        "Array::percentile" => x.percentile(o(), ..);
        "Array::average" => x.average(o(), ..);
        "logsumexp_signed" => array::logsumexp_signed(x, o(), ..);
    }
    "array/rearrange.rs" {
        "Array::repeat_each" => x.repeat_each(o(), 0, 2);
    }
    "array/rotations.rs" {
        "Rotation::from_quat" => Rotation::from_quat(o()); "Rotation::from_matrix" => Rotation::from_matrix(o());
        "Rotation::from_rotvec" => Rotation::from_rotvec(o(), false); "Rotation::from_mrp" => Rotation::from_mrp(o());
        "Rotation::from_euler" => Rotation::from_euler("x", o(), false); "Rotation::apply" => Rotation::from_quat(x).apply(o(), false);
        "Rotation::take" => Rotation::from_quat(x).take(o()); "Slerp::new" => Slerp::new(o(), &Rotation::from_quat(x));
        "Slerp::call" => Slerp::new(x, &Rotation::from_quat(x)).call(o());
    }
    "array/segments.rs" {
        "segment_sum" => array::segment_sum(o(), o(), 2);
        "segment_prod" => array::segment_prod(o(), o(), 2);
        "segment_max" => array::segment_max(o(), o(), 2);
        "segment_min" => array::segment_min(o(), o(), 2);
    }
    "array/sets.rs" {
        "union1d" => array::union1d(o(), o(), 2);
        "intersect1d" => array::intersect1d(o(), o(), 2, o());
        "setdiff1d" => array::setdiff1d(o(), o(), 2, o());
        "setxor1d" => array::setxor1d(o(), o(), 2, o());
    }
    "array/signal/mod.rs" {
        "convolve" => signal::convolve(o(), o(), ConvolveMode::Full);
        "correlate" => signal::correlate(o(), o(), ConvolveMode::Full);
        "fftconvolve" => signal::fftconvolve(o(), o(), ConvolveMode::Full);
    }
    "array/signal/spectral.rs" {
        "csd" => {
            let pieces = signal::Pieces::of_welch();
            signal::csd(x, o(), &pieces, signal::Scaling::Density, 0, signal::Averaged::Mean)
        };
    }
    "array/slicing.rs" {
        "Array::dynamic_index" => x.dynamic_index(o(), 0);
        "Array::dynamic_update_slice" => x.dynamic_update_slice(o(), [x]);
        "Array::pad" => x.pad(&[(0, 0)], o());
        "Array::pad_general" => x.pad_general(&[(0, 0, 0)], o());
    }
    "array/sort.rs" {
        "Array::searchsorted" => x.searchsorted(o(), false);
        "sort_key_val" => array::sort_key_val(o(), o(), 0);
    }
    "array/spaces.rs" {
        "linspace" => array::linspace(o(), o(), 2, DType::F32);
        "linspace_exclusive" => array::linspace_exclusive(o(), o(), 2, DType::F32);
        "logspace" => array::logspace(o(), o(), 2, 1.0, DType::F32);
        "geomspace" => array::geomspace(o(), o(), 2, DType::F32);
    }
    "array/special/entropy.rs" {
        "xlogy" => special::xlogy(x, o()); "xlog1py" => special::xlog1py(x, o());
        "rel_entr" => special::rel_entr(x, o()); "kl_div" => special::kl_div(x, o());
    }
    "array/special/exponential.rs" {
        "comb" => special::comb(x, o());
        "boxcox1p" => special::boxcox1p(x, o());
        "expn" => special::expn(o(), o());
    }
    "array/special/harmonics.rs" {
        "sph_harm_y" => special::sph_harm_y(o(), o(), o(), o(), 1);
    }
    "array/special/hypergeometric.rs" {
        "hyp1f1" => special::hyp1f1(o(), o(), o());
        "hyp2f1" => special::hyp2f1(o(), o(), o(), o());
    }
    "array/special/integrals.rs" {
        "owens_t" => special::owens_t(x, o());
    }
    "array/special/mod.rs" {
        "betaln" => special::betaln(x, o());
        "beta" => special::beta(x, o());
        "polygamma" => special::polygamma(o(), o());
        "gammainc" => special::gammainc(x, o());
        "gammaincc" => special::gammaincc(x, o());
        "betainc" => special::betainc(o(), o(), o());
        "zeta" => special::zeta(x, o());
        "poch" => special::poch(x, o());
        "boxcox" => special::boxcox(x, o());
    }
    "array/stats/bernoulli.rs" {
        "logpmf" => stats::bernoulli::logpmf(x, o(), o());
        "pmf" => stats::bernoulli::pmf(x, o(), o());
        "cdf" => stats::bernoulli::cdf(x, o());
        "ppf" => stats::bernoulli::ppf(x, o());
    }
    "array/stats/beta.rs" {
        "logpdf" => stats::beta::logpdf(x, o(), o(), o(), o());
        "pdf" => stats::beta::pdf(x, o(), o(), o(), o());
        "cdf" => stats::beta::cdf(x, o(), o(), o(), o());
        "logcdf" => stats::beta::logcdf(x, o(), o(), o(), o());
        "sf" => stats::beta::sf(x, o(), o(), o(), o());
        "logsf" => stats::beta::logsf(x, o(), o(), o(), o());
    }
    "array/stats/betabinom.rs" {
        "logpmf" => stats::betabinom::logpmf(x, o(), o(), o(), o());
        "pmf" => stats::betabinom::pmf(x, o(), o(), o(), o());
    }
    "array/stats/binom.rs" {
        "logpmf" => stats::binom::logpmf(x, o(), o(), o());
        "pmf" => stats::binom::pmf(x, o(), o(), o());
    }
    "array/stats/cauchy.rs" {
        "logpdf" => stats::cauchy::logpdf(x, o(), o());
        "pdf" => stats::cauchy::pdf(x, o(), o());
        "cdf" => stats::cauchy::cdf(x, o(), o());
        "logcdf" => stats::cauchy::logcdf(x, o(), o());
        "sf" => stats::cauchy::sf(x, o(), o());
        "logsf" => stats::cauchy::logsf(x, o(), o());
        "ppf" => stats::cauchy::ppf(x, o(), o());
        "isf" => stats::cauchy::isf(x, o(), o());
    }
    "array/stats/chi2.rs" {
        "logpdf" => stats::chi2::logpdf(x, o(), o(), o());
        "pdf" => stats::chi2::pdf(x, o(), o(), o());
        "cdf" => stats::chi2::cdf(x, o(), o(), o());
        "logcdf" => stats::chi2::logcdf(x, o(), o(), o());
        "sf" => stats::chi2::sf(x, o(), o(), o());
        "logsf" => stats::chi2::logsf(x, o(), o(), o());
    }
    "array/stats/dirichlet.rs" {
        "logpdf" => stats::dirichlet::logpdf(x, o());
        "pdf" => stats::dirichlet::pdf(x, o());
    }
    "array/stats/expon.rs" {
        "logpdf" => stats::expon::logpdf(x, o(), o());
        "pdf" => stats::expon::pdf(x, o(), o());
        "cdf" => stats::expon::cdf(x, o(), o());
        "logcdf" => stats::expon::logcdf(x, o(), o());
        "logsf" => stats::expon::logsf(x, o(), o());
        "sf" => stats::expon::sf(x, o(), o());
        "ppf" => stats::expon::ppf(x, o(), o());
    }
    "array/stats/gamma.rs" {
        "logpdf" => stats::gamma::logpdf(x, o(), o(), o());
        "pdf" => stats::gamma::pdf(x, o(), o(), o());
        "cdf" => stats::gamma::cdf(x, o(), o(), o());
        "logcdf" => stats::gamma::logcdf(x, o(), o(), o());
        "sf" => stats::gamma::sf(x, o(), o(), o());
        "logsf" => stats::gamma::logsf(x, o(), o(), o());
    }
    "array/stats/gennorm.rs" {
        "logpdf" => stats::gennorm::logpdf(x, o());
        "pdf" => stats::gennorm::pdf(x, o());
        "cdf" => stats::gennorm::cdf(x, o());
    }
    "array/stats/geom.rs" {
        "logpmf" => stats::geom::logpmf(x, o(), o());
        "pmf" => stats::geom::pmf(x, o(), o());
    }
    "array/stats/gumbel_l.rs" {
        "logpdf" => stats::gumbel_l::logpdf(x, o(), o());
        "pdf" => stats::gumbel_l::pdf(x, o(), o());
        "logcdf" => stats::gumbel_l::logcdf(x, o(), o());
        "cdf" => stats::gumbel_l::cdf(x, o(), o());
        "logsf" => stats::gumbel_l::logsf(x, o(), o());
        "sf" => stats::gumbel_l::sf(x, o(), o());
        "ppf" => stats::gumbel_l::ppf(x, o(), o());
    }
    "array/stats/gumbel_r.rs" {
        "logpdf" => stats::gumbel_r::logpdf(x, o(), o());
        "pdf" => stats::gumbel_r::pdf(x, o(), o());
        "logcdf" => stats::gumbel_r::logcdf(x, o(), o());
        "cdf" => stats::gumbel_r::cdf(x, o(), o());
        "sf" => stats::gumbel_r::sf(x, o(), o());
        "logsf" => stats::gumbel_r::logsf(x, o(), o());
        "ppf" => stats::gumbel_r::ppf(x, o(), o());
    }
    "array/stats/laplace.rs" {
        "logpdf" => stats::laplace::logpdf(x, o(), o());
        "pdf" => stats::laplace::pdf(x, o(), o());
        "cdf" => stats::laplace::cdf(x, o(), o());
    }
    "array/stats/logistic.rs" {
        "logpdf" => stats::logistic::logpdf(x, o(), o());
        "pdf" => stats::logistic::pdf(x, o(), o());
        "cdf" => stats::logistic::cdf(x, o(), o());
        "sf" => stats::logistic::sf(x, o(), o());
        "ppf" => stats::logistic::ppf(x, o(), o());
        "isf" => stats::logistic::isf(x, o(), o());
    }
    "array/stats/kde.rs" {
        "GaussianKde::new" => stats::GaussianKde::new(o(), stats::Bandwidth::Scott, o());
        "GaussianKde::evaluate" => kde(x).evaluate(o());
        "GaussianKde::pdf" => kde(x).pdf(o());
        "GaussianKde::logpdf" => kde(x).logpdf(o());
        "GaussianKde::integrate_box_1d" => kde(x).integrate_box_1d(o(), o());
        "GaussianKde::integrate_gaussian" => kde(x).integrate_gaussian(o(), o());
    }
    "array/stats/multinomial.rs" {
        "logpmf" => stats::multinomial::logpmf(x, o(), o());
        "pmf" => stats::multinomial::pmf(x, o(), o());
    }
    "array/stats/multivariate_normal.rs" {
        "logpdf" => stats::multivariate_normal::logpdf(x, o(), o());
        "pdf" => stats::multivariate_normal::pdf(x, o(), o());
    }
    "array/stats/nbinom.rs" {
        "logpmf" => stats::nbinom::logpmf(x, o(), o(), o());
        "pmf" => stats::nbinom::pmf(x, o(), o(), o());
    }
    "array/stats/norm.rs" {
        "logpdf" => stats::norm::logpdf(x, o(), o());
        "pdf" => stats::norm::pdf(x, o(), o());
        "cdf" => stats::norm::cdf(x, o(), o());
        "logcdf" => stats::norm::logcdf(x, o(), o());
        "sf" => stats::norm::sf(x, o(), o());
        "logsf" => stats::norm::logsf(x, o(), o());
        "ppf" => stats::norm::ppf(x, o(), o());
        "isf" => stats::norm::isf(x, o(), o());
    }
    "array/stats/pareto.rs" {
        "logpdf" => stats::pareto::logpdf(x, o(), o(), o());
        "pdf" => stats::pareto::pdf(x, o(), o(), o());
        "cdf" => stats::pareto::cdf(x, o(), o(), o());
        "logcdf" => stats::pareto::logcdf(x, o(), o(), o());
        "logsf" => stats::pareto::logsf(x, o(), o(), o());
        "sf" => stats::pareto::sf(x, o(), o(), o());
        "ppf" => stats::pareto::ppf(x, o(), o(), o());
    }
    "array/stats/poisson.rs" {
        "logpmf" => stats::poisson::logpmf(x, o(), o());
        "pmf" => stats::poisson::pmf(x, o(), o());
        "cdf" => stats::poisson::cdf(x, o(), o());
        "entropy" => stats::poisson::entropy(x, o());
    }
    "array/stats/t.rs" {
        "logpdf" => stats::t::logpdf(x, o(), o(), o());
        "pdf" => stats::t::pdf(x, o(), o(), o());
    }
    "array/stats/truncnorm.rs" {
        "logpdf" => stats::truncnorm::logpdf(x, o(), o(), o(), o());
        "pdf" => stats::truncnorm::pdf(x, o(), o(), o(), o());
        "logcdf" => stats::truncnorm::logcdf(x, o(), o(), o(), o());
        "cdf" => stats::truncnorm::cdf(x, o(), o(), o(), o());
        "logsf" => stats::truncnorm::logsf(x, o(), o(), o(), o());
        "sf" => stats::truncnorm::sf(x, o(), o(), o(), o());
    }
    "array/stats/uniform.rs" {
        "logpdf" => stats::uniform::logpdf(x, o(), o());
        "pdf" => stats::uniform::pdf(x, o(), o());
        "cdf" => stats::uniform::cdf(x, o(), o());
        "ppf" => stats::uniform::ppf(x, o(), o());
    }
    "array/stats/vonmises.rs" {
        "logpdf" => stats::vonmises::logpdf(x, o());
        "pdf" => stats::vonmises::pdf(x, o());
    }
    "array/stats/wrapcauchy.rs" {
        "logpdf" => stats::wrapcauchy::logpdf(x, o());
        "pdf" => stats::wrapcauchy::pdf(x, o());
    }
    "nn/attention.rs" {
        "AttentionOptions::bias" => AttentionOptions::new().bias(o());
        "AttentionOptions::mask" => AttentionOptions::new().mask(o());
        "AttentionOptions::query_seq_lengths" => AttentionOptions::new().query_seq_lengths(o());
        "AttentionOptions::key_value_seq_lengths" => AttentionOptions::new().key_value_seq_lengths(o());
        "dot_product_attention_weights" => nn::dot_product_attention_weights(o(), o(), &AttentionOptions::new());
        "dot_product_attention" => nn::dot_product_attention(o(), o(), o(), &AttentionOptions::new());
        "make_attention_mask" => nn::make_attention_mask(o(), o(), |a, b| a + b, 2, DType::F32);
    }
    "nn/attention_options.rs" {
        "MultiHeadAttentionOptions::inputs_k" => MultiHeadAttentionOptions::new().inputs_k(o());
        "MultiHeadAttentionOptions::inputs_v" => MultiHeadAttentionOptions::new().inputs_v(o());
        "MultiHeadAttentionOptions::mask" => MultiHeadAttentionOptions::new().mask(o());
    }
    "nn/norm/batch.rs" {
        "BatchNorm::forward_masked" => |m: &mut BatchNorm| m.forward_masked(x, o());
    }
    "nn/norm/group.rs" {
        "GroupNorm::forward_masked" => |m: &mut GroupNorm| m.forward_masked(x, o());
    }
    "nn/norm/instance.rs" {
        "InstanceNorm::forward_masked" => |m: &mut InstanceNorm| m.forward_masked(x, o());
    }
    "nn/norm/layer.rs" {
        "LayerNorm::forward_masked" => |m: &mut LayerNorm| m.forward_masked(x, o());
    }
    "nn/norm/rms.rs" {
        "RMSNorm::forward_masked" => |m: &mut RMSNorm| m.forward_masked(x, o());
    }
    "nn/recurrent/rnn.rs" {
        "RNNOptions::seq_lengths" => RNNOptions::<Array>::new().seq_lengths(o());
        "flip_sequences" => nn::flip_sequences(x, o(), 2, false);
    }
    "optim/losses/classification.rs" {
        "softmax_cross_entropy" => losses::softmax_cross_entropy(o(), o());
        "softmax_cross_entropy_with_integer_labels" => losses::softmax_cross_entropy_with_integer_labels(o(), o());
        "sigmoid_binary_cross_entropy" => losses::sigmoid_binary_cross_entropy(o(), o());
        "safe_softmax_cross_entropy" => losses::safe_softmax_cross_entropy(o(), o());
        "sigmoid_focal_loss" => losses::sigmoid_focal_loss(o(), o(), None, 1.0);
        "hinge_loss" => losses::hinge_loss(o(), o());
        "perceptron_loss" => losses::perceptron_loss(o(), o());
        "multiclass_hinge_loss" => losses::multiclass_hinge_loss(o(), o());
        "multiclass_perceptron_loss" => losses::multiclass_perceptron_loss(o(), o());
        "sparsemax_loss" => losses::sparsemax_loss(o(), o());
        "poly_loss_cross_entropy" => losses::poly_loss_cross_entropy(o(), o(), 1.0);
        "ranking_softmax_loss" => losses::ranking_softmax_loss(o(), o(), o());
        "dice_loss" => losses::dice_loss(o(), o(), 1.0);
    }
    "optim/losses/ctc.rs" {
        "ctc_loss" => losses::ctc_loss(o(), o(), o(), o(), 2);
        "ctc_loss_with_forward_probs" => losses::ctc_loss_with_forward_probs(o(), o(), o(), o(), 2, -1e5);
    }
    "optim/losses/divergence.rs" {
        "kl_divergence" => losses::kl_divergence(o(), o());
        "kl_divergence_with_log_targets" => losses::kl_divergence_with_log_targets(o(), o());
        "generalized_kl_divergence" => losses::generalized_kl_divergence(o(), o());
    }
    "optim/losses/embedding.rs" {
        "cosine_similarity" => losses::cosine_similarity(o(), o());
        "cosine_distance" => losses::cosine_distance(o(), o());
        "triplet_margin_loss" => losses::triplet_margin_loss(o(), o(), o(), 1.0);
        "ntxent" => losses::ntxent(o(), o(), 1.0);
    }
    "optim/losses/regression.rs" {
        "squared_error" => losses::squared_error(o(), o());
        "l2_loss" => losses::l2_loss(o(), o());
        "huber_loss" => losses::huber_loss(o(), o(), 1.0);
        "log_cosh" => losses::log_cosh(o(), o());
    }
    "optim/losses/segmentation.rs" {
        "binary_dice_loss" => losses::binary_dice_loss(o(), o(), 1.0);
        "multiclass_generalized_dice_loss" => losses::multiclass_generalized_dice_loss(o(), o(), 1.0, false);
        "multiclass_sparsemax_loss" => losses::multiclass_sparsemax_loss(o(), o());
    }
    "optim/gradient.rs" {
        "multi_normal" => optim::multi_normal(x, o());
    }
    "optim/linear.rs" {
        "nnls" => optim::nnls(x, o(), 10, None);
    }
    "random/bits.rs" {
        "uniform_range" => random::uniform_range(key, [2], o(), o(), DType::F32);
        "randint" => random::randint(key, [2], o(), o(), DType::F32);
    }
    "random/choice.rs" {
        "choice" => random::choice(key, 2, [2], false, o());
        "choice_from" => random::choice_from(key, x, 0, [2], false, o());
    }
    "random/continuous.rs" {
        "lognormal" => random::lognormal(key, o(), [2], DType::F32);
        "pareto" => random::pareto(key, o(), [2], DType::F32);
        "rayleigh" => random::rayleigh(key, o(), [2], DType::F32);
        "weibull_min" => random::weibull_min(key, o(), o(), [2], DType::F32);
        "triangular" => random::triangular(key, o(), o(), o(), [2], DType::F32);
        "double_sided_maxwell" => random::double_sided_maxwell(key, o(), o(), [2], DType::F32);
        "wald" => random::wald(key, o(), [2], DType::F32);
    }
    "random/counts.rs" {
        "geometric" => random::geometric(key, o(), [2], DType::F32);
        "poisson" => random::poisson(key, o(), [2], DType::F32);
        "binomial" => random::binomial(key, o(), o(), [2], DType::F32);
        "multinomial" => random::multinomial(key, o(), o(), [2], DType::F32);
    }
    "random/distributions.rs" {
        "truncated_normal" => random::truncated_normal(key, o(), o(), [2], DType::F32);
        "bernoulli" => random::bernoulli(key, o(), [2]);
    }
    "random/gamma.rs" {
        "gamma" => random::gamma(key, o(), [2], DType::F32);
        "loggamma" => random::loggamma(key, o(), [2], DType::F32);
        "beta" => random::beta(key, o(), o(), [2], DType::F32);
        "dirichlet" => random::dirichlet(key, o(), [2], DType::F32);
        "chisquare" => random::chisquare(key, o(), [2], DType::F32);
        "t" => random::t(key, o(), [2], DType::F32);
        "f" => random::f(key, o(), o(), [2], DType::F32);
        "generalized_normal" => random::generalized_normal(key, o(), [2], DType::F32);
    }
    "random/key.rs" {
        "fold_in" => random::fold_in(key, o());
    }
    "random/vectors.rs" {
        "multivariate_normal" => random::multivariate_normal(key, o(), o(), [2], DType::F32);
        "ball" => random::ball(key, 2, o(), [2], DType::F32);
    }
    "train/classification.rs" {
        "ConfusionMatrix::update" => |m: &mut ConfusionMatrix| m.update(o(), o());
        "ConfusionMatrix::update_masked" => |m: &mut ConfusionMatrix| m.update_masked(o(), o(), o());
        "Auc::update" => |m: &mut Auc| m.update(o(), o());
        "Auc::update_masked" => |m: &mut Auc| m.update_masked(o(), o(), o());
    }
    "train/metrics.rs" {
        "Average::update_masked" => |m: &mut Average| m.update_masked(x, o());
        "Accuracy::update" => |m: &mut Accuracy| m.update(o(), o());
        "Accuracy::update_masked" => |m: &mut Accuracy| m.update_masked(o(), o(), o());
    }
}
