//! More calls of public functions, those of `jax.scipy` and of places in arrays.

use super::probe::Probe;
use super::probes::{IntoArrays, ints, jax, probes};
use nnx_core::array::*;
use nnx_core::array::{fft, image, linalg, ndimage, signal, special, stats};
use nnx_core::{Array, DType};

pub(crate) fn places() -> Vec<Probe> {
    probes! {
        "gather" [[4, 6]] => |x| gather(&x[0], ints(&[2, 1]).expand_dims(1), &GatherDimensionNumbers { offset_dims: vec![1], collapsed_slice_dims: vec![0], start_index_map: vec![0], ..Default::default() }, &[1, 6], Default::default());
        "scatter_sub" [[4], [2]] => |x| scatter_sub(&x[0], ints(&[2, 1]).expand_dims(1), &x[1], &rows(), Default::default());
        "scatter_apply" [[4]] => |x| scatter_apply(&x[0], ints(&[2, 1]).expand_dims(1), |x| x + x, &rows(), &[2], PlaceOptions { unique_indices: true, ..Default::default() });
        "reduce_precision" [[2, 3]] => |x| x[0].reduce_precision(5, 10);
        "At::subtract" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).subtract(&x[1]);
        "At::divide" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).unique_indices().divide(&x[1]);
        "At::power" = "jax.numpy.ndarray.at" [[4], [2]] => |x| x[0].at(ints(&[1, 2])).unique_indices().power(&x[1]);
        "At::apply" = "jax.numpy.ndarray.at" [[4]] => |x| x[0].at(ints(&[1, 2])).unique_indices().apply(|x| x + x);
        "insert" [[2, 3], [2, 1]] => |x| x[0].insert(&[1], &x[1], 1);
        "delete" [[2, 3]] => |x| x[0].delete(&[1], 1);
        "block" [[2, 3], [2, 1]] => |x| block(&[&[&x[0], &x[1]]]);
        "partition" [[5]] => |x| x[0].partition(2, 0);
        "argpartition" [[5]] => |x| x[0].argpartition(2, 0);
        "packbits" [[2, 9]] => |x| x[0].packbits(1, BitOrder::Big);
        "unpackbits" [[2, 3]] => |x| x[0].unpackbits(1, 20, BitOrder::Little);
        "segment_sum" [[4, 2]] => |x| segment_sum(&x[0], ints(&[0, 2, 0, 1]), 3);
        "segment_prod" [[4, 2]] => |x| segment_prod(&x[0], ints(&[0, 2, 0, 1]), 3);
        "segment_max" [[4, 2]] => |x| segment_max(&x[0], ints(&[0, 2, 0, 1]), 3);
        "segment_min" [[4, 2]] => |x| segment_min(&x[0], ints(&[0, 2, 0, 1]), 3);
        "histogram_bin_edges" [] => |x| histogram_bin_edges(3, 0.0, 1.0, DType::F32);
        "histogramdd" [[4, 2]] => |x| histogramdd(&x[0], &[2, 3], &[(0.0, 1.0), (0.0, 1.0)], None).0;
        "histogram2d" [[4], [4], [4]] => |x| histogram2d(&x[0], &x[1], [2, 3], [(0.0, 1.0), (0.0, 1.0)], Some(&x[2]));
        "unique_counts" [[4]] => |x| x[0].unique_counts(3);
        "unique_inverse" [[4]] => |x| x[0].unique_inverse(3);
        "piecewise" [[4], [4]] => |x| piecewise(&x[0], &[(x[1].ne(0), &|x| x + x)], 0);
        "apply_over_axes" [[2, 3]] => |x| apply_over_axes(|x, axis| x.sum(axis), &x[0], &[0]);
        "reduce" [[5, 2]] => |x| reduce(&x[0], 0, 0, |a, b| a + b);
        "ix_" [[2], [3]] => |x| ix_([&x[0], &x[1]]);
        "optimization_barrier" [[2], [3]] => |x| optimization_barrier([&x[0], &x[1]]);
        "diag_indices" [] => |x| diag_indices(3, 2);
        "array_equiv" [[2, 3], [3]] => |x| x[0].array_equiv(&x[1]);
        "mulhi" [[2, 3], [3]] => |x| x[0].mulhi(&x[1]);
        "rollaxis" [[2, 3, 4]] => |x| x[0].rollaxis(2, 0);
    }
}

pub(crate) fn matrices() -> Vec<Probe> {
    probes! {
        "polydiv" [[4], [2]] => |x| polydiv(&x[0], &x[1]);
        "poly" [[3]] => |x| poly(&x[0]);
        "roots" [[4]] => |x| { let z = roots(&x[0]); vec![z.real().sum(0), z.abs().sum(0), (&z * &z).real().sum(0)] };
        "ragged_dot" [[5, 2], [3, 2, 4]] => |x| ragged_dot(&x[0], &x[1], ints(&[2, 0, 2]));
        "ragged_dot_general" [[2, 5, 3], [2, 3, 2, 4]] => |x| {
            let dims = |ragged, group| RaggedDotDimensionNumbers { contract: (vec![2], vec![if group { 2 } else { 1 }]), batch: (vec![0], vec![0]), lhs_ragged: ragged, rhs_group: group.then_some(1) };
            let sizes = ints(&[2, 1, 2]);
            let free = RaggedDotDimensionNumbers { contract: (vec![2], vec![1]), rhs_group: Some(2), ..dims(1, true) };
            vec![ragged_dot_general(&x[0], x[1].swapaxes(1, 1), sizes.slice([(..2).into()]), &free), ragged_dot_general(&x[0], &x[1], sizes.slice([(..2).into()]), &dims(2, false))]
        };
        "toeplitz" [[3], [2]] => |x| linalg::toeplitz(&x[0], Some(&x[1]));
        "hankel" [[3], [2]] => |x| linalg::hankel(&x[0], Some(&x[1]));
        "circulant" [[2, 3]] => |x| linalg::circulant(&x[0]);
        "hilbert" [] => |x| linalg::hilbert(3);
        "companion" [[2, 4]] => |x| linalg::companion(&x[0]);
        "leslie" [[2, 3], [2, 2]] => |x| linalg::leslie(&x[0], &x[1]);
        "fiedler" [[2, 3]] => |x| linalg::fiedler(&x[0]);
        "fiedler_companion" [[2, 5]] => |x| linalg::fiedler_companion(&x[0]);
        "convolution_matrix" [[2, 3]] => |x| linalg::convolution_matrix(&x[0], 2, ConvolveMode::Same);
        "invhilbert" [] => |x| linalg::invhilbert(3);
        "pascal" [] => |x| linalg::pascal(3, linalg::PascalKind::Symmetric);
        "invpascal" [] => |x| linalg::invpascal(3, linalg::PascalKind::Lower);
        "helmert" [] => |x| linalg::helmert(3, false);
        "hadamard" [] => |x| linalg::hadamard(4, DType::I32);
        "dft" [] => |x| linalg::dft(3, linalg::DftScale::SqrtN);
        "polar" [[3, 2]] => |x| linalg::polar(&x[0], linalg::PolarSide::Right);
        "eigvals" [[2, 3, 3]] => |x| linalg::eigvals(&x[0]);
        "eig" [[2, 3, 3]] => |x| linalg::eig(&x[0]);
        "eig_left_right" [[2, 3, 3]] => |x| linalg::eig_left_right(&x[0]);
        "hessenberg" [[2, 3, 3]] => |x| linalg::hessenberg(&x[0]);
        "hessenberg_packed" [[2, 3, 3]] => |x| linalg::hessenberg_packed(&x[0]);
        "schur" [[2, 3, 3]] => |x| linalg::schur(&x[0], linalg::SchurOutput::Real);
        "rsf2csf" [[3, 3], [3, 3]] => |x| linalg::rsf2csf(&x[0], &x[1]);
        "sqrtm" [[2, 3, 3]] => |x| linalg::sqrtm(&x[0]);
        "funm" [[3, 3]] => |x| linalg::funm(&x[0], |w| w.exp());
        "solve_sylvester" [[3, 3], [2, 2], [3, 2]] => |x| linalg::solve_sylvester(&x[0], &x[1], &x[2], 1e-8);
        "expm_frechet" [[2, 3, 3], [2, 3, 3]] => |x| linalg::expm_frechet(&x[0], &x[1]);
        "eigh_tridiagonal" [[2, 3], [2, 2]] => |x| linalg::eigh_tridiagonal(&x[0], &x[1], None);
        "tridiagonal" [[2, 3, 3]] => |x| { let (a, d, e, t) = linalg::tridiagonal(&x[0], true); vec![a, d, e, t] };
        "tridiagonal_solve" [[3], [3], [3], [3, 2]] => |x| linalg::tridiagonal_solve(&x[0], &x[1], &x[2], &x[3]);
        "qr_raw" [[2, 3, 2]] => |x| linalg::qr_raw(&x[0]);
        "householder_product" [[3, 2], [2]] => |x| linalg::householder_product(&x[0], &x[1]);
        "ormqr" [[3, 2], [2], [3, 4]] => |x| linalg::ormqr(&x[0], &x[1], &x[2], true, false);
        "qr_multiply" [[3, 2], [4, 3]] => |x| linalg::qr_multiply(&x[0], &x[1], linalg::QrSide::Right, false);
        "cholesky_update" [[3, 3], [3]] => |x| linalg::cholesky_update(&x[0], &x[1]);
        "symmetric_product" [[2, 3], [2, 2]] => |x| linalg::symmetric_product(&x[0], &x[1], 2.0, 1.0, false);
        "qdwh" [[3, 2]] => |x| { let q = linalg::qdwh(&x[0], 10); vec![q.u, q.h] };
        "vq" [[4, 2], [3, 2]] => |x| vq(&x[0], &x[1]);
        "RegularGridInterpolator::new" [[3], [2], [3, 2]] => |x| RegularGridInterpolator::new([&x[0], &x[1]], &x[2]).call(Array::from([[0.5, 0.5]]));
        "RegularGridInterpolator::method" [[3], [3]] => |x| RegularGridInterpolator::new([&x[0]], &x[1]).method(InterpolationMethod::Nearest).call(Array::from([[0.5]]));
        "RegularGridInterpolator::fill_value" [[3], [3]] => |x| RegularGridInterpolator::new([&x[0]], &x[1]).fill_value(None).call(Array::from([[0.5]]));
        "RegularGridInterpolator::call" [[4, 1]] => |x| RegularGridInterpolator::new([&Array::from([0.0, 1.0])], Array::from([1.0, 3.0])).call(&x[0]);
        "Rotation::from_quat" [[2, 4]] => |x| Rotation::from_quat(&x[0]).as_matrix();
        "Rotation::from_matrix" [[2, 3, 3]] => |x| Rotation::from_matrix(&x[0]).as_matrix();
        "Rotation::from_rotvec" [[2, 3]] => |x| Rotation::from_rotvec(&x[0], false).as_matrix();
        "Rotation::from_mrp" [[2, 3]] => |x| Rotation::from_mrp(&x[0]).as_matrix();
        "Rotation::from_euler" [[2, 3]] => |x| Rotation::from_euler("xyz", &x[0], false).as_matrix();
        "Rotation::identity" [] => |x| Rotation::identity(DType::F32).as_matrix();
        "Rotation::concatenate" [[2, 4], [1, 4]] => |x| Rotation::concatenate(&[&Rotation::from_quat(&x[0]), &Rotation::from_quat(&x[1])]).as_matrix();
        "Rotation::as_quat" [[2, 4]] => |x| Rotation::from_quat(&x[0]).as_quat(true, true);
        "Rotation::as_matrix" [[2, 4]] => |x| Rotation::from_quat(&x[0]).as_matrix();
        "Rotation::as_rotvec" [[2, 4]] => |x| Rotation::from_quat(&x[0]).as_rotvec(false);
        "Rotation::as_mrp" [[2, 4]] => |x| Rotation::from_quat(&x[0]).as_mrp();
        "Rotation::as_euler" [[2, 4]] => |x| Rotation::from_quat(&x[0]).as_euler("xyz", false);
        "Rotation::apply" [[4], [2, 3]] => |x| Rotation::from_quat(&x[0]).apply(&x[1], false);
        "Rotation::inv" [[2, 4]] => |x| Rotation::from_quat(&x[0]).inv().as_matrix();
        "Rotation::magnitude" [[2, 4]] => |x| Rotation::from_quat(&x[0]).magnitude();
        "Rotation::mean" [[2, 4]] => |x| Rotation::from_quat(&x[0]).mean(None).as_matrix();
        "Rotation::single" [[4]] => |x| { let r = Rotation::from_quat(&x[0]); let _ = r.single(); r.as_matrix() };
        "Rotation::take" [[2, 4]] => |x| Rotation::from_quat(&x[0]).take(ints(&[1, 0, 1])).as_matrix();
        "Slerp::new" [[3], [3, 4]] => |x| Slerp::new(&x[0], &Rotation::from_quat(&x[1])).call(Array::from([0.5])).as_matrix();
        "Slerp::call" [[4], [2, 4]] => |x| Slerp::new(Array::from([0.0, 1.0]), &Rotation::from_quat(&x[1])).call(&x[0]).as_matrix();
        "tensorsolve" [[2, 2, 4], [2, 2]] => |x| linalg::tensorsolve(&x[0], &x[1], None);
        "tensorinv" [[4, 2, 2]] => |x| linalg::tensorinv(&x[0], 1);
        "exp1" [[2, 3]] => |x| special::exp1(&x[0]);
        "expi" [[2, 3]] => |x| special::expi(&x[0]);
        "comb" [[2, 3], [3]] => |x| special::comb(&(&x[0] + 1), &x[1]);
        "boxcox1p" [[2, 3], [3]] => |x| special::boxcox1p(&x[0], &x[1]);
        "bernoulli" [] => |x| special::bernoulli(4, DType::F32);
        "bessel_jn" [[2, 3]] => |x| special::bessel_jn(&x[0], 2, 20);
        "dawsn" [[2, 3]] => |x| special::dawsn(&x[0]);
        "erfcx" [[2, 3]] => |x| special::erfcx(&x[0]);
        "expn" [[2, 3]] => |x| special::expn(2, &x[0]);
        "fresnel" [[2, 3]] => |x| special::fresnel(&x[0]);
        "hyp1f1" [[2, 3], [3], [3]] => |x| special::hyp1f1(&x[0], &x[1], &x[2]);
        "hyp2f1" [[2, 3], [3], [3], [3]] => |x| special::hyp2f1(&x[0], &x[1], &x[2], &x[3] / 2);
        "loggamma" [[2, 3]] => |x| special::loggamma(&x[0]);
        "owens_t" [[2, 3], [3]] => |x| special::owens_t(&x[0], &x[1]);
        "sici" [[2, 3]] => |x| special::sici(&x[0]);
        "spence" [[2, 3]] => |x| special::spence(&x[0]);
        "sph_harm_y" [[2, 3], [3]] => |x| special::sph_harm_y(3, -2, &x[0], &x[1], 3);
        "wofz" [[2, 3]] => |x| special::wofz(&x[0]);
    }
}

/// Pieces of four elements.
fn four() -> signal::Pieces {
    signal::Pieces { nperseg: Some(4), ..signal::Pieces::of_welch() }
}

fn kde(x: &Array) -> stats::GaussianKde {
    stats::GaussianKde::new(x, stats::Bandwidth::Scott, None)
}

pub(crate) fn images_and_signals() -> Vec<Probe> {
    use image::ResizeMethod;
    probes! {
        "image::resize" [[3, 4]] => |x| image::resize(&x[0], [5, 2], ResizeMethod::Cubic, true);
        "image::scale_and_translate" [[3, 4], [1], [1]] => |x| image::scale_and_translate(&x[0], [5, 4], &[0], &(&x[1] + 1), &x[2], ResizeMethod::Linear, true);
        "ndimage::map_coordinates" [[3, 4], [2], [2]] => |x| ndimage::map_coordinates(&x[0], [&x[1], &x[2]], 1, ndimage::Outside::Mirror, 0);
        "signal::convolve" [[3, 4], [2, 2]] => |x| signal::convolve(&x[0], &x[1], ConvolveMode::Full);
        "signal::correlate" [[5], [2]] => |x| signal::correlate(&x[0], &x[1], ConvolveMode::Same);
        "signal::fftconvolve" [[5], [2]] => |x| signal::fftconvolve(&x[0], &x[1], ConvolveMode::Valid);
        "signal::stft" [[2, 8]] => |x| signal::stft(&x[0], &four(), signal::Boundary::Even, true, -1);
        "signal::istft" [[3, 5]] => |x| signal::istft(&x[0], &four(), true, -1, -2);
        "signal::csd" [[2, 8], [8, 1]] => |x| signal::csd(&x[0], Some(&x[1].t()), &four(), signal::Scaling::Density, -1, signal::Averaged::Mean);
        "signal::welch" [[2, 8]] => |x| signal::welch(&x[0], &four(), signal::Scaling::Spectrum, -1, signal::Averaged::Mean);
        "signal::detrend" [[2, 4]] => |x| signal::detrend(&x[0], -1, signal::Trend::Linear);
        "conv_general_dilated_patches" [[2, 5, 3]] => |x| conv_general_dilated_patches(&x[0], &[2], &Default::default());
        "conv_general_dilated_local" [[2, 5, 3], [4, 6, 2]] => |x| conv_general_dilated_local(&x[0], &x[1], &[2], &Default::default());
        "dct" [[2, 4]] => |x| fft::dct(&x[0], None, -1, fft::Norm::Backward);
        "idct" [[2, 5]] => |x| fft::idct(&x[0], None, -1, fft::Norm::Ortho);
        "dctn" [[2, 4]] => |x| fft::dctn(&x[0], .., fft::Norm::Ortho);
        "idctn" [[2, 4]] => |x| fft::idctn(&x[0], .., fft::Norm::Backward);
    }
}

pub(crate) fn statistics() -> Vec<Probe> {
    probes! {
        "norm::logpdf" [[2, 3], [3], [3]] => |x| stats::norm::logpdf(&x[0], &x[1], &x[2]);
        "norm::pdf" [[2, 3], [3], [3]] => |x| stats::norm::pdf(&x[0], &x[1], &x[2]);
        "norm::cdf" [[2, 3], [3], [3]] => |x| stats::norm::cdf(&x[0], &x[1], &x[2]);
        "norm::logcdf" [[2, 3], [3], [3]] => |x| stats::norm::logcdf(&x[0], &x[1], &x[2]);
        "norm::sf" [[2, 3], [3], [3]] => |x| stats::norm::sf(&x[0], &x[1], &x[2]);
        "norm::logsf" [[2, 3], [3], [3]] => |x| stats::norm::logsf(&x[0], &x[1], &x[2]);
        "norm::ppf" [[2, 3], [3], [3]] => |x| stats::norm::ppf(&x[0], &x[1], &x[2]);
        "norm::isf" [[2, 3], [3], [3]] => |x| stats::norm::isf(&x[0], &x[1], &x[2]);
        "uniform::logpdf" [[2, 3], [3]] => |x| stats::uniform::logpdf(&x[0], 0.0, &x[1] + 1.0);
        "uniform::pdf" [[2, 3], [3]] => |x| stats::uniform::pdf(&x[0], 0.0, &x[1] + 1.0);
        "uniform::cdf" [[2, 3], [3]] => |x| stats::uniform::cdf(&x[0], 0.0, &x[1] + 1.0);
        "uniform::ppf" [[2, 3], [3]] => |x| stats::uniform::ppf(&x[0], 0.0, &x[1] + 1.0);
        "expon::logpdf" [[2, 3], [3]] => |x| stats::expon::logpdf(&x[0], 0.0, &x[1]);
        "expon::pdf" [[2, 3], [3]] => |x| stats::expon::pdf(&x[0], 0.0, &x[1]);
        "expon::cdf" [[2, 3], [3]] => |x| stats::expon::cdf(&x[0], 0.0, &x[1]);
        "expon::logcdf" [[2, 3], [3]] => |x| stats::expon::logcdf(&x[0], 0.0, &x[1]);
        "expon::sf" [[2, 3], [3]] => |x| stats::expon::sf(&x[0], 0.0, &x[1]);
        "expon::logsf" [[2, 3], [3]] => |x| stats::expon::logsf(&x[0], 0.0, &x[1]);
        "expon::ppf" [[2, 3], [3]] => |x| stats::expon::ppf(&x[0], 0.0, &x[1]);
        "laplace::logpdf" [[2, 3], [3]] => |x| stats::laplace::logpdf(&x[0], &x[1], 2.0);
        "laplace::pdf" [[2, 3], [3]] => |x| stats::laplace::pdf(&x[0], &x[1], 2.0);
        "laplace::cdf" [[2, 3], [3]] => |x| stats::laplace::cdf(&x[0], &x[1], 2.0);
        "logistic::logpdf" [[2, 3], [3], [3]] => |x| stats::logistic::logpdf(&x[0], &x[1], &x[2]);
        "logistic::pdf" [[2, 3], [3], [3]] => |x| stats::logistic::pdf(&x[0], &x[1], &x[2]);
        "logistic::cdf" [[2, 3], [3], [3]] => |x| stats::logistic::cdf(&x[0], &x[1], &x[2]);
        "logistic::sf" [[2, 3], [3], [3]] => |x| stats::logistic::sf(&x[0], &x[1], &x[2]);
        "logistic::ppf" [[2, 3], [3], [3]] => |x| stats::logistic::ppf(&x[0], &x[1], &x[2]);
        "logistic::isf" [[2, 3], [3], [3]] => |x| stats::logistic::isf(&x[0], &x[1], &x[2]);
        "cauchy::logpdf" [[2, 3], [3], [3]] => |x| stats::cauchy::logpdf(&x[0], &x[1], &x[2]);
        "cauchy::pdf" [[2, 3], [3], [3]] => |x| stats::cauchy::pdf(&x[0], &x[1], &x[2]);
        "cauchy::cdf" [[2, 3], [3], [3]] => |x| stats::cauchy::cdf(&x[0], &x[1], &x[2]);
        "cauchy::logcdf" [[2, 3], [3], [3]] => |x| stats::cauchy::logcdf(&x[0], &x[1], &x[2]);
        "cauchy::sf" [[2, 3], [3], [3]] => |x| stats::cauchy::sf(&x[0], &x[1], &x[2]);
        "cauchy::logsf" [[2, 3], [3], [3]] => |x| stats::cauchy::logsf(&x[0], &x[1], &x[2]);
        "cauchy::ppf" [[2, 3], [3], [3]] => |x| stats::cauchy::ppf(&x[0], &x[1], &x[2]);
        "cauchy::isf" [[2, 3], [3], [3]] => |x| stats::cauchy::isf(&x[0], &x[1], &x[2]);
        "pareto::logpdf" [[2, 3], [3]] => |x| stats::pareto::logpdf(&x[0], &x[1], 0.0, 0.125);
        "pareto::pdf" [[2, 3], [3]] => |x| stats::pareto::pdf(&x[0], &x[1], 0.0, 0.125);
        "pareto::cdf" [[2, 3], [3]] => |x| stats::pareto::cdf(&x[0], &x[1], 0.0, 0.125);
        "pareto::logcdf" [[2, 3], [3]] => |x| stats::pareto::logcdf(&x[0], &x[1], 0.0, 0.125);
        "pareto::sf" [[2, 3], [3]] => |x| stats::pareto::sf(&x[0], &x[1], 0.0, 0.125);
        "pareto::logsf" [[2, 3], [3]] => |x| stats::pareto::logsf(&x[0], &x[1], 0.0, 0.125);
        "pareto::ppf" [[2, 3], [3]] => |x| stats::pareto::ppf(&x[0], &x[1], 0.0, 0.125);
        "gamma::logpdf" [[2, 3], [3]] => |x| stats::gamma::logpdf(&x[0], 2.5, 0.0, &x[1]);
        "gamma::pdf" [[2, 3], [3]] => |x| stats::gamma::pdf(&x[0], 2.5, 0.0, &x[1]);
        "gamma::cdf" [[2, 3], [3]] => |x| stats::gamma::cdf(&x[0], 2.5, 0.0, &x[1]);
        "gamma::logcdf" [[2, 3], [3]] => |x| stats::gamma::logcdf(&x[0], 2.5, 0.0, &x[1]);
        "gamma::sf" [[2, 3], [3]] => |x| stats::gamma::sf(&x[0], 2.5, 0.0, &x[1]);
        "gamma::logsf" [[2, 3], [3]] => |x| stats::gamma::logsf(&x[0], 2.5, 0.0, &x[1]);
        "chi2::logpdf" [[2, 3], [3]] => |x| stats::chi2::logpdf(&x[0], 3.0, 0.0, &x[1]);
        "chi2::pdf" [[2, 3], [3]] => |x| stats::chi2::pdf(&x[0], 3.0, 0.0, &x[1]);
        "chi2::cdf" [[2, 3], [3]] => |x| stats::chi2::cdf(&x[0], 3.0, 0.0, &x[1]);
        "chi2::logcdf" [[2, 3], [3]] => |x| stats::chi2::logcdf(&x[0], 3.0, 0.0, &x[1]);
        "chi2::sf" [[2, 3], [3]] => |x| stats::chi2::sf(&x[0], 3.0, 0.0, &x[1]);
        "chi2::logsf" [[2, 3], [3]] => |x| stats::chi2::logsf(&x[0], 3.0, 0.0, &x[1]);
        "beta::logpdf" [[2, 3], [3]] => |x| stats::beta::logpdf(&x[0], 2.0, 1.5, 0.0, &x[1] + 1.0);
        "beta::pdf" [[2, 3], [3]] => |x| stats::beta::pdf(&x[0], 2.0, 1.5, 0.0, &x[1] + 1.0);
        "beta::cdf" [[2, 3], [3]] => |x| stats::beta::cdf(&x[0], 2.0, 1.5, 0.0, &x[1] + 1.0);
        "beta::logcdf" [[2, 3], [3]] => |x| stats::beta::logcdf(&x[0], 2.0, 1.5, 0.0, &x[1] + 1.0);
        "beta::sf" [[2, 3], [3]] => |x| stats::beta::sf(&x[0], 2.0, 1.5, 0.0, &x[1] + 1.0);
        "beta::logsf" [[2, 3], [3]] => |x| stats::beta::logsf(&x[0], 2.0, 1.5, 0.0, &x[1] + 1.0);
        "t::logpdf" [[2, 3], [3], [3]] => |x| stats::t::logpdf(&x[0], &x[1], &x[2], 2.0);
        "t::pdf" [[2, 3], [3], [3]] => |x| stats::t::pdf(&x[0], &x[1], &x[2], 2.0);
        "bernoulli::logpmf" [[2, 3], [3]] => |x| stats::bernoulli::logpmf(&x[0], &x[1], 0);
        "bernoulli::pmf" [[2, 3], [3]] => |x| stats::bernoulli::pmf(&x[0], &x[1], 0);
        "bernoulli::cdf" [[2, 3], [3]] => |x| stats::bernoulli::cdf(&x[0], &x[1]);
        "bernoulli::ppf" [[2, 3], [3]] => |x| stats::bernoulli::ppf(&x[0], &x[1]);
        "binom::logpmf" [[2, 3], [3]] => |x| stats::binom::logpmf(x[0].round(), 5, &x[1], 0);
        "binom::pmf" [[2, 3], [3]] => |x| stats::binom::pmf(x[0].round(), 5, &x[1], 0);
        "poisson::logpmf" [[2, 3], [3]] => |x| stats::poisson::logpmf(x[0].round(), &x[1], 0);
        "poisson::pmf" [[2, 3], [3]] => |x| stats::poisson::pmf(x[0].round(), &x[1], 0);
        "poisson::cdf" [[2, 3], [3]] => |x| stats::poisson::cdf(x[0].round(), &x[1], 0);
        "geom::logpmf" [[2, 3], [3]] => |x| stats::geom::logpmf(&(x[0].round() + 1), &x[1], 0);
        "geom::pmf" [[2, 3], [3]] => |x| stats::geom::pmf(&(x[0].round() + 1), &x[1], 0);
        "gumbel_l::logpdf" [[2, 3], [3]] => |x| stats::gumbel_l::logpdf(&x[0], &x[1], 2.0);
        "gumbel_l::pdf" [[2, 3], [3]] => |x| stats::gumbel_l::pdf(&x[0], &x[1], 2.0);
        "gumbel_l::cdf" [[2, 3], [3]] => |x| stats::gumbel_l::cdf(&x[0], &x[1], 2.0);
        "gumbel_l::logcdf" [[2, 3], [3]] => |x| stats::gumbel_l::logcdf(&x[0], &x[1], 2.0);
        "gumbel_l::sf" [[2, 3], [3]] => |x| stats::gumbel_l::sf(&x[0], &x[1], 2.0);
        "gumbel_l::logsf" [[2, 3], [3]] => |x| stats::gumbel_l::logsf(&x[0], &x[1], 2.0);
        "gumbel_l::ppf" [[2, 3], [3]] => |x| stats::gumbel_l::ppf(&x[0], &x[1], 2.0);
        "gumbel_r::logpdf" [[2, 3], [3]] => |x| stats::gumbel_r::logpdf(&x[0], &x[1], 2.0);
        "gumbel_r::pdf" [[2, 3], [3]] => |x| stats::gumbel_r::pdf(&x[0], &x[1], 2.0);
        "gumbel_r::cdf" [[2, 3], [3]] => |x| stats::gumbel_r::cdf(&x[0], &x[1], 2.0);
        "gumbel_r::logcdf" [[2, 3], [3]] => |x| stats::gumbel_r::logcdf(&x[0], &x[1], 2.0);
        "gumbel_r::sf" [[2, 3], [3]] => |x| stats::gumbel_r::sf(&x[0], &x[1], 2.0);
        "gumbel_r::logsf" [[2, 3], [3]] => |x| stats::gumbel_r::logsf(&x[0], &x[1], 2.0);
        "gumbel_r::ppf" [[2, 3], [3]] => |x| stats::gumbel_r::ppf(&x[0], &x[1], 2.0);
        "nbinom::logpmf" [[2, 3], [3]] => |x| stats::nbinom::logpmf(x[0].round(), &x[1], 0.25, 0);
        "nbinom::pmf" [[2, 3], [3]] => |x| stats::nbinom::pmf(x[0].round(), &x[1], 0.25, 0);
        "vonmises::logpdf" [[2, 3], [3]] => |x| stats::vonmises::logpdf(&x[0], &x[1]);
        "vonmises::pdf" [[2, 3], [3]] => |x| stats::vonmises::pdf(&x[0], &x[1]);
        "gennorm::logpdf" [[2, 3], [3]] => |x| stats::gennorm::logpdf(&x[0], &x[1]);
        "gennorm::pdf" [[2, 3], [3]] => |x| stats::gennorm::pdf(&x[0], &x[1]);
        "gennorm::cdf" [[2, 3]] => |x| stats::gennorm::cdf(&x[0], 1.5);
        "wrapcauchy::logpdf" [[2, 3], [3]] => |x| stats::wrapcauchy::logpdf(&x[0], &x[1]);
        "wrapcauchy::pdf" [[2, 3], [3]] => |x| stats::wrapcauchy::pdf(&x[0], &x[1]);
        "dirichlet::logpdf" [[3, 2], [3]] => |x| stats::dirichlet::logpdf(&(&x[0] / x[0].sum(0)), &x[1]);
        "dirichlet::pdf" [[3], [3]] => |x| stats::dirichlet::pdf(&(&x[0] / x[0].sum(0)), &x[1]);
        "multivariate_normal::logpdf" [[2, 3], [3], [3, 3]] => |x| stats::multivariate_normal::logpdf(&x[0], &x[1], &x[2]);
        "multivariate_normal::pdf" [[3], [3], [3, 3]] => |x| stats::multivariate_normal::pdf(&x[0], &x[1], &x[2]);
        "betabinom::logpmf" [[2, 3], [3], [3]] => |x| stats::betabinom::logpmf(x[0].round(), 5, &x[1], &x[2], 0);
        "betabinom::pmf" [[2, 3], [3], [3]] => |x| stats::betabinom::pmf(x[0].round(), 5, &x[1], &x[2], 0);
        "multinomial::logpmf" [[2, 3]] => |x| stats::multinomial::logpmf(ints(&[1, 0, 2]), 3, &x[0]);
        "multinomial::pmf" [[2, 3]] => |x| stats::multinomial::pmf(ints(&[1, 0, 2]), 3, &x[0]);
        "poisson::entropy" [[2, 3]] => |x| stats::poisson::entropy(&x[0], 0);
        "truncnorm::logpdf" [[2, 3], [3], [3]] => |x| stats::truncnorm::logpdf(&x[0], &x[1] - 1.0, &x[2] + 1.0, 0.0, 1.0);
        "truncnorm::pdf" [[2, 3], [3], [3]] => |x| stats::truncnorm::pdf(&x[0], &x[1] - 1.0, &x[2] + 1.0, 0.0, 1.0);
        "truncnorm::logcdf" [[2, 3], [3], [3]] => |x| stats::truncnorm::logcdf(&x[0], &x[1] - 1.0, &x[2] + 1.0, 0.0, 1.0);
        "truncnorm::cdf" [[2, 3], [3], [3]] => |x| stats::truncnorm::cdf(&x[0], &x[1] - 1.0, &x[2] + 1.0, 0.0, 1.0);
        "truncnorm::logsf" [[2, 3], [3], [3]] => |x| stats::truncnorm::logsf(&x[0], &x[1] - 1.0, &x[2] + 1.0, 0.0, 1.0);
        "truncnorm::sf" [[2, 3], [3], [3]] => |x| stats::truncnorm::sf(&x[0], &x[1] - 1.0, &x[2] + 1.0, 0.0, 1.0);
        "stats::mode" [[2, 3]] => |x| stats::mode(&x[0], 1);
        "GaussianKde::evaluate" = "jax.scipy.stats.gaussian_kde.evaluate" [[2, 5], [2, 3]] => |x| kde(&x[0]).evaluate(&x[1]);
        "GaussianKde::pdf" = "jax.scipy.stats.gaussian_kde.pdf" [[2, 5], [2, 3]] => |x| kde(&x[0]).pdf(&x[1]);
        "GaussianKde::logpdf" = "jax.scipy.stats.gaussian_kde.logpdf" [[5], [3]] => |x| kde(&x[0]).logpdf(&x[1]);
        "GaussianKde::integrate_box_1d" = "jax.scipy.stats.gaussian_kde.integrate_box_1d" [[5], []] => |x| kde(&x[0]).integrate_box_1d(0.0, &x[1]);
        "GaussianKde::integrate_gaussian" = "jax.scipy.stats.gaussian_kde.integrate_gaussian" [[5], [1], [1, 1]] => |x| kde(&x[0]).integrate_gaussian(&x[1], &x[2]);
        "GaussianKde::integrate_kde" = "jax.scipy.stats.gaussian_kde.integrate_kde" [[2, 5], [2, 4]] => |x| kde(&x[0]).integrate_kde(&kde(&x[1]));
        "stats::sem" [[2, 3]] => |x| stats::sem(&x[0], 1, 1);
        "stats::rankdata" [[4]] => |x| stats::rankdata(&x[0]);
    }
}

/// Single elements of a vector.
fn rows() -> ScatterDimensionNumbers {
    ScatterDimensionNumbers {
        inserted_window_dims: vec![0],
        scatter_dims_to_operand_dims: vec![0],
        ..Default::default()
    }
}
