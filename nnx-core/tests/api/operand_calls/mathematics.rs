//! Calls of the functions of linear algebra, statistics and the like.

use super::calls;
use nnx_core::Array;
use nnx_core::array::*;
use nnx_core::random::Key;

fn kde(x: &Array) -> stats::GaussianKde {
    stats::GaussianKde::new(x, stats::Bandwidth::Scott, None)
}

calls! { key x o
    "array/fft/cosine.rs" {
        "dct" => fft::dct(o(), None, -1, fft::Norm::Ortho);
        "idct" => fft::idct(o(), None, -1, fft::Norm::Ortho);
        "dctn" => fft::dctn(o(), .., fft::Norm::Ortho); "idctn" => fft::idctn(o(), .., fft::Norm::Ortho);
    }
    "array/fft/mod.rs" {
        "fft" => fft::fft(o(), None, -1, fft::Norm::Ortho);
        "ifft" => fft::ifft(o(), None, -1, fft::Norm::Ortho);
        "rfft" => fft::rfft(o(), None, -1, fft::Norm::Ortho);
        "irfft" => fft::irfft(o(), None, -1, fft::Norm::Ortho);
        "hfft" => fft::hfft(o(), None, -1, fft::Norm::Ortho);
        "ihfft" => fft::ihfft(o(), None, -1, fft::Norm::Ortho);
        "fftn" => fft::fftn(o(), .., fft::Norm::Ortho); "ifftn" => fft::ifftn(o(), .., fft::Norm::Ortho);
        "rfftn" => fft::rfftn(o(), .., fft::Norm::Ortho);
        "irfftn" => fft::irfftn(o(), .., fft::Norm::Ortho); "fft2" => fft::fft2(o(), fft::Norm::Ortho);
        "ifft2" => fft::ifft2(o(), fft::Norm::Ortho); "rfft2" => fft::rfft2(o(), fft::Norm::Ortho);
        "irfft2" => fft::irfft2(o(), fft::Norm::Ortho); "fftshift" => fft::fftshift(o(), ..);
        "ifftshift" => fft::ifftshift(o(), ..);
    }
    "array/linalg/decompositions.rs" {
        "cholesky" => linalg::cholesky(o()); "qr" => linalg::qr(o()); "qr_full" => linalg::qr_full(o());
        "lu" => linalg::lu(o()); "lu_factor" => linalg::lu_factor(o()); "eigh" => linalg::eigh(o());
        "eigvalsh" => linalg::eigvalsh(o()); "svd" => linalg::svd(o()); "svd_full" => linalg::svd_full(o());
        "svdvals" => linalg::svdvals(o());
    }
    "array/linalg/eigen.rs" {
        "rsf2csf" => linalg::rsf2csf(o(), o()); "eigvals" => linalg::eigvals(o());
        "eig" => linalg::eig(o()); "eig_left_right" => linalg::eig_left_right(o());
        "hessenberg" => linalg::hessenberg(o()); "hessenberg_packed" => linalg::hessenberg_packed(o());
        "schur" => linalg::schur(o(), linalg::SchurOutput::Real);
    }
    "array/linalg/functions.rs" {
        "matrix_power" => linalg::matrix_power(o(), 2); "expm" => linalg::expm(o());
    }
    "array/linalg/least_squares.rs" {
        "lstsq" => linalg::lstsq(o(), o(), None); "pinv" => linalg::pinv(o(), None);
        "matrix_rank" => linalg::matrix_rank(o(), None); "cond" => linalg::cond(o());
    }
    "array/linalg/matrix_functions.rs" {
        "solve_sylvester" => linalg::solve_sylvester(o(), o(), o(), 1e-8);
        "expm_frechet" => linalg::expm_frechet(o(), o()); "sqrtm" => linalg::sqrtm(o());
        "funm" => linalg::funm(o(), |x| x.exp());
    }
    "array/linalg/named.rs" {
        "leslie" => linalg::leslie(o(), o()); "companion" => linalg::companion(o());
        "fiedler" => linalg::fiedler(o()); "fiedler_companion" => linalg::fiedler_companion(o());
        "convolution_matrix" => linalg::convolution_matrix(o(), 2, ConvolveMode::Full);
    }
    "array/linalg/norms.rs" {
        "norm" => linalg::norm(o(), ..); "vector_norm" => linalg::vector_norm(o(), 2.0, ..);
        "matrix_norm" => linalg::matrix_norm(o(), 2.0);
    }
    "array/linalg/reflections.rs" {
        "householder_product" => linalg::householder_product(o(), o());
        "ormqr" => linalg::ormqr(o(), o(), o(), true, false);
        "qr_multiply" => linalg::qr_multiply(o(), o(), linalg::QrSide::Right, false);
        "qr_raw" => linalg::qr_raw(o());
    }
    "array/linalg/solving.rs" {
        "triangular_solve" => linalg::triangular_solve(o(), o(), linalg::TriangularOptions::default());
        "solve_triangular" => linalg::solve_triangular(o(), o(), false); "solve" => linalg::solve(o(), o());
        "lu_solve" => linalg::lu_solve(o(), o(), o()); "cho_solve" => linalg::cho_solve(o(), o());
        "cho_factor" => linalg::cho_factor(o()); "inv" => linalg::inv(o()); "det" => linalg::det(o());
        "slogdet" => linalg::slogdet(o());
    }
    "array/linalg/structured.rs" {
        "toeplitz" => linalg::toeplitz(o(), o()); "hankel" => linalg::hankel(o(), o());
        "tensorsolve" => linalg::tensorsolve(o(), o(), None); "circulant" => linalg::circulant(o());
        "polar" => linalg::polar(o(), linalg::PolarSide::Right); "tensorinv" => linalg::tensorinv(o(), 2);
    }
    "array/linalg/tridiagonal.rs" {
        "eigh_tridiagonal" => linalg::eigh_tridiagonal(o(), o(), None);
        "tridiagonal_solve" => linalg::tridiagonal_solve(o(), o(), o(), o());
        "tridiagonal" => linalg::tridiagonal(o(), true);
    }
    "array/linalg/updates.rs" {
        "cholesky_update" => linalg::cholesky_update(o(), o());
        "symmetric_product" => linalg::symmetric_product(o(), o(), 1.0, 0.0, false);
        "qdwh" => linalg::qdwh(o(), 10);
    }
    "array/signal/mod.rs" {
        "convolve" => signal::convolve(o(), o(), ConvolveMode::Full);
        "correlate" => signal::correlate(o(), o(), ConvolveMode::Full);
        "fftconvolve" => signal::fftconvolve(o(), o(), ConvolveMode::Full);
        "detrend" => signal::detrend(o(), 0, signal::Trend::Linear);
    }
    "array/signal/spectral.rs" {
        "csd" => { let pieces = signal::Pieces::of_welch(); signal::csd(o(), o(), &pieces, signal::Scaling::Density, 0, signal::Averaged::Mean) };
        "stft" => signal::stft(o(), &signal::Pieces::of_welch(), None, false, 0);
        "welch" => signal::welch(o(), &signal::Pieces::of_welch(), signal::Scaling::Density, 0, signal::Averaged::Mean);
        "istft" => signal::istft(o(), &signal::Pieces::of_welch(), false, 0, 1);
    }
    "array/special/bessel.rs" {
        "bessel_jn" => special::bessel_jn(o(), 2, 50);
    }
    "array/special/complex_plane.rs" {
        "loggamma" => special::loggamma(o()); "wofz" => special::wofz(o());
    }
    "array/special/entropy.rs" {
        "xlogy" => special::xlogy(o(), o()); "xlog1py" => special::xlog1py(o(), o());
        "rel_entr" => special::rel_entr(o(), o()); "kl_div" => special::kl_div(o(), o());
        "entr" => special::entr(o());
    }
    "array/special/exponential.rs" {
        "comb" => special::comb(o(), o()); "boxcox1p" => special::boxcox1p(o(), o());
        "expn" => special::expn(o(), o()); "exp1" => special::exp1(o()); "expi" => special::expi(o());
    }
    "array/special/harmonics.rs" {
        "sph_harm_y" => special::sph_harm_y(o(), o(), o(), o(), 1);
    }
    "array/special/hypergeometric.rs" {
        "hyp1f1" => special::hyp1f1(o(), o(), o()); "hyp2f1" => special::hyp2f1(o(), o(), o(), o());
    }
    "array/special/integrals.rs" {
        "owens_t" => special::owens_t(o(), o()); "spence" => special::spence(o());
        "dawsn" => special::dawsn(o()); "erfcx" => special::erfcx(o());
    }
    "array/special/mod.rs" {
        "betaln" => special::betaln(o(), o()); "beta" => special::beta(o(), o());
        "polygamma" => special::polygamma(o(), o()); "gammainc" => special::gammainc(o(), o());
        "gammaincc" => special::gammaincc(o(), o()); "betainc" => special::betainc(o(), o(), o());
        "zeta" => special::zeta(o(), o()); "poch" => special::poch(o(), o());
        "boxcox" => special::boxcox(o(), o()); "gamma" => special::gamma(o());
        "gammaln" => special::gammaln(o()); "gammasgn" => special::gammasgn(o());
        "factorial" => special::factorial(o()); "i0e" => special::i0e(o()); "i0" => special::i0(o());
        "i1e" => special::i1e(o()); "i1" => special::i1(o()); "logit" => special::logit(o());
        "expit" => special::expit(o()); "ndtr" => special::ndtr(o()); "log_ndtr" => special::log_ndtr(o());
        "ndtri" => special::ndtri(o()); "multigammaln" => special::multigammaln(o(), 2);
    }
    "array/special/oscillating.rs" {
        "sici" => special::sici(o()); "fresnel" => special::fresnel(o());
    }
    "array/stats/bernoulli.rs" {
        "logpmf" => stats::bernoulli::logpmf(o(), o(), o()); "pmf" => stats::bernoulli::pmf(o(), o(), o());
        "cdf" => stats::bernoulli::cdf(o(), o()); "ppf" => stats::bernoulli::ppf(o(), o());
    }
    "array/stats/beta.rs" {
        "logpdf" => stats::beta::logpdf(o(), o(), o(), o(), o());
        "pdf" => stats::beta::pdf(o(), o(), o(), o(), o());
        "cdf" => stats::beta::cdf(o(), o(), o(), o(), o());
        "logcdf" => stats::beta::logcdf(o(), o(), o(), o(), o());
        "sf" => stats::beta::sf(o(), o(), o(), o(), o());
        "logsf" => stats::beta::logsf(o(), o(), o(), o(), o());
    }
    "array/stats/betabinom.rs" {
        "logpmf" => stats::betabinom::logpmf(o(), o(), o(), o(), o());
        "pmf" => stats::betabinom::pmf(o(), o(), o(), o(), o());
    }
    "array/stats/binom.rs" {
        "logpmf" => stats::binom::logpmf(o(), o(), o(), o());
        "pmf" => stats::binom::pmf(o(), o(), o(), o());
    }
    "array/stats/cauchy.rs" {
        "logpdf" => stats::cauchy::logpdf(o(), o(), o()); "pdf" => stats::cauchy::pdf(o(), o(), o());
        "cdf" => stats::cauchy::cdf(o(), o(), o()); "logcdf" => stats::cauchy::logcdf(o(), o(), o());
        "sf" => stats::cauchy::sf(o(), o(), o()); "logsf" => stats::cauchy::logsf(o(), o(), o());
        "ppf" => stats::cauchy::ppf(o(), o(), o()); "isf" => stats::cauchy::isf(o(), o(), o());
    }
    "array/stats/chi2.rs" {
        "logpdf" => stats::chi2::logpdf(o(), o(), o(), o()); "pdf" => stats::chi2::pdf(o(), o(), o(), o());
        "cdf" => stats::chi2::cdf(o(), o(), o(), o()); "logcdf" => stats::chi2::logcdf(o(), o(), o(), o());
        "sf" => stats::chi2::sf(o(), o(), o(), o()); "logsf" => stats::chi2::logsf(o(), o(), o(), o());
    }
    "array/stats/dirichlet.rs" {
        "logpdf" => stats::dirichlet::logpdf(o(), o()); "pdf" => stats::dirichlet::pdf(o(), o());
    }
    "array/stats/expon.rs" {
        "logpdf" => stats::expon::logpdf(o(), o(), o()); "pdf" => stats::expon::pdf(o(), o(), o());
        "cdf" => stats::expon::cdf(o(), o(), o()); "logcdf" => stats::expon::logcdf(o(), o(), o());
        "logsf" => stats::expon::logsf(o(), o(), o()); "sf" => stats::expon::sf(o(), o(), o());
        "ppf" => stats::expon::ppf(o(), o(), o());
    }
    "array/stats/gamma.rs" {
        "logpdf" => stats::gamma::logpdf(o(), o(), o(), o());
        "pdf" => stats::gamma::pdf(o(), o(), o(), o()); "cdf" => stats::gamma::cdf(o(), o(), o(), o());
        "logcdf" => stats::gamma::logcdf(o(), o(), o(), o()); "sf" => stats::gamma::sf(o(), o(), o(), o());
        "logsf" => stats::gamma::logsf(o(), o(), o(), o());
    }
    "array/stats/gennorm.rs" {
        "logpdf" => stats::gennorm::logpdf(o(), o()); "pdf" => stats::gennorm::pdf(o(), o());
        "cdf" => stats::gennorm::cdf(o(), o());
    }
    "array/stats/geom.rs" {
        "logpmf" => stats::geom::logpmf(o(), o(), o()); "pmf" => stats::geom::pmf(o(), o(), o());
    }
    "array/stats/gumbel_l.rs" {
        "logpdf" => stats::gumbel_l::logpdf(o(), o(), o()); "pdf" => stats::gumbel_l::pdf(o(), o(), o());
        "logcdf" => stats::gumbel_l::logcdf(o(), o(), o()); "cdf" => stats::gumbel_l::cdf(o(), o(), o());
        "logsf" => stats::gumbel_l::logsf(o(), o(), o()); "sf" => stats::gumbel_l::sf(o(), o(), o());
        "ppf" => stats::gumbel_l::ppf(o(), o(), o());
    }
    "array/stats/gumbel_r.rs" {
        "logpdf" => stats::gumbel_r::logpdf(o(), o(), o()); "pdf" => stats::gumbel_r::pdf(o(), o(), o());
        "logcdf" => stats::gumbel_r::logcdf(o(), o(), o()); "cdf" => stats::gumbel_r::cdf(o(), o(), o());
        "sf" => stats::gumbel_r::sf(o(), o(), o()); "logsf" => stats::gumbel_r::logsf(o(), o(), o());
        "ppf" => stats::gumbel_r::ppf(o(), o(), o());
    }
    "array/stats/kde.rs" {
        "GaussianKde::new" => stats::GaussianKde::new(o(), stats::Bandwidth::Scott, o());
        "GaussianKde::evaluate" => kde(x).evaluate(o()); "GaussianKde::pdf" => kde(x).pdf(o());
        "GaussianKde::logpdf" => kde(x).logpdf(o());
        "GaussianKde::integrate_box_1d" => kde(x).integrate_box_1d(o(), o());
        "GaussianKde::integrate_gaussian" => kde(x).integrate_gaussian(o(), o());
    }
    "array/stats/laplace.rs" {
        "logpdf" => stats::laplace::logpdf(o(), o(), o()); "pdf" => stats::laplace::pdf(o(), o(), o());
        "cdf" => stats::laplace::cdf(o(), o(), o());
    }
    "array/stats/logistic.rs" {
        "logpdf" => stats::logistic::logpdf(o(), o(), o()); "pdf" => stats::logistic::pdf(o(), o(), o());
        "cdf" => stats::logistic::cdf(o(), o(), o()); "sf" => stats::logistic::sf(o(), o(), o());
        "ppf" => stats::logistic::ppf(o(), o(), o()); "isf" => stats::logistic::isf(o(), o(), o());
    }
    "array/stats/multinomial.rs" {
        "logpmf" => stats::multinomial::logpmf(o(), o(), o());
        "pmf" => stats::multinomial::pmf(o(), o(), o());
    }
    "array/stats/multivariate_normal.rs" {
        "logpdf" => stats::multivariate_normal::logpdf(o(), o(), o());
        "pdf" => stats::multivariate_normal::pdf(o(), o(), o());
    }
    "array/stats/nbinom.rs" {
        "logpmf" => stats::nbinom::logpmf(o(), o(), o(), o());
        "pmf" => stats::nbinom::pmf(o(), o(), o(), o());
    }
    "array/stats/norm.rs" {
        "logpdf" => stats::norm::logpdf(o(), o(), o()); "pdf" => stats::norm::pdf(o(), o(), o());
        "cdf" => stats::norm::cdf(o(), o(), o()); "logcdf" => stats::norm::logcdf(o(), o(), o());
        "sf" => stats::norm::sf(o(), o(), o()); "logsf" => stats::norm::logsf(o(), o(), o());
        "ppf" => stats::norm::ppf(o(), o(), o()); "isf" => stats::norm::isf(o(), o(), o());
    }
    "array/stats/pareto.rs" {
        "logpdf" => stats::pareto::logpdf(o(), o(), o(), o());
        "pdf" => stats::pareto::pdf(o(), o(), o(), o()); "cdf" => stats::pareto::cdf(o(), o(), o(), o());
        "logcdf" => stats::pareto::logcdf(o(), o(), o(), o());
        "logsf" => stats::pareto::logsf(o(), o(), o(), o()); "sf" => stats::pareto::sf(o(), o(), o(), o());
        "ppf" => stats::pareto::ppf(o(), o(), o(), o());
    }
    "array/stats/poisson.rs" {
        "logpmf" => stats::poisson::logpmf(o(), o(), o()); "pmf" => stats::poisson::pmf(o(), o(), o());
        "cdf" => stats::poisson::cdf(o(), o(), o()); "entropy" => stats::poisson::entropy(o(), o());
    }
    "array/stats/samples.rs" {
        "sem" => stats::sem(o(), .., 1); "rankdata" => stats::rankdata(o()); "mode" => stats::mode(o(), ..);
    }
    "array/stats/t.rs" {
        "logpdf" => stats::t::logpdf(o(), o(), o(), o()); "pdf" => stats::t::pdf(o(), o(), o(), o());
    }
    "array/stats/truncnorm.rs" {
        "logpdf" => stats::truncnorm::logpdf(o(), o(), o(), o(), o());
        "pdf" => stats::truncnorm::pdf(o(), o(), o(), o(), o());
        "logcdf" => stats::truncnorm::logcdf(o(), o(), o(), o(), o());
        "cdf" => stats::truncnorm::cdf(o(), o(), o(), o(), o());
        "logsf" => stats::truncnorm::logsf(o(), o(), o(), o(), o());
        "sf" => stats::truncnorm::sf(o(), o(), o(), o(), o());
    }
    "array/stats/uniform.rs" {
        "logpdf" => stats::uniform::logpdf(o(), o(), o()); "pdf" => stats::uniform::pdf(o(), o(), o());
        "cdf" => stats::uniform::cdf(o(), o(), o()); "ppf" => stats::uniform::ppf(o(), o(), o());
    }
    "array/stats/vonmises.rs" {
        "logpdf" => stats::vonmises::logpdf(o(), o()); "pdf" => stats::vonmises::pdf(o(), o());
    }
    "array/stats/wrapcauchy.rs" {
        "logpdf" => stats::wrapcauchy::logpdf(o(), o()); "pdf" => stats::wrapcauchy::pdf(o(), o());
    }
}
