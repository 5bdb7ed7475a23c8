//! Calls of the functions of arrays.

use super::calls;
use nnx_core::array::{self, *};
use nnx_core::random::Key;
use nnx_core::{Array, DType};

calls! { key x o
    "array/arith.rs" {
        "Array::maximum" => x.maximum(o()); "Array::minimum" => x.minimum(o()); "Array::pow" => x.pow(o());
        "Array::atan2" => x.atan2(o()); "Array::nextafter" => x.nextafter(o());
        "Array::clip" => x.clip(o(), o()); "Array::logical_and" => x.logical_and(o());
        "Array::logical_or" => x.logical_or(o());
        "Array::shift_right_logical" => x.shift_right_logical(o());
        "select" => array::select(o(), o(), o()); "where_" => array::where_(o(), o(), o());
    }
    "array/at.rs" {
        "At::set" => x.at(0).set(o()); "At::add" => x.at(0).add(o()); "At::mul" => x.at(0).mul(o());
        "At::min" => x.at(0).min(o()); "At::max" => x.at(0).max(o());
    }
    "array/at/derived.rs" {
        "At::subtract" => x.at(0).subtract(o()); "At::divide" => x.at(0).divide(o());
        "At::power" => x.at(0).power(o());
    }
    "array/choose.rs" {
        "choose" => array::choose(o(), [x]); "select_first" => array::select_first([x], [x], o());
        "unravel_index" => array::unravel_index(o(), [2, 3]);
    }
    "array/classify.rs" {
        "Array::isclose" => x.isclose(o(), Tolerance::default());
        "Array::allclose" => x.allclose(o(), Tolerance::default());
        "Array::array_equal" => x.array_equal(o()); "Array::where_or" => x.where_or(o(), o());
    }
    "array/complex.rs" {
        "complex" => array::complex(o(), o());
    }
    "array/conv.rs" {
        "conv_general_dilated" => array::conv_general_dilated(o(), o(), &ConvOptions::default());
        "conv_transpose" => array::conv_transpose(o(), o(), &ConvTransposeOptions::default());
        "conv_general_dilated_local" => array::conv_general_dilated_local(o(), o(), &[2], &ConvOptions::default());
        "conv_general_dilated_patches" => array::conv_general_dilated_patches(o(), &[2], &ConvOptions::default());
    }
    "array/create.rs" {
        "one_hot" => array::one_hot(o(), 2, DType::F32);
    }
    "array/functions.rs" {
        "piecewise" => array::piecewise(o(), &[], o());
        "reduce" => array::reduce(o(), o(), .., |a, b| a + b); "Array::array_equiv" => x.array_equiv(o());
        "Array::mulhi" => x.mulhi(o());
        "apply_over_axes" => array::apply_over_axes(|x, axis| x.sum(axis), o(), &[0]);
    }
    "array/histograms.rs" {
        "histogramdd" => array::histogramdd(o(), &[2], &[(0.0, 1.0)], o());
        "histogram2d" => array::histogram2d(o(), o(), [2, 2], [(0.0, 1.0); 2], o());
    }
    "array/image.rs" {
        "scale_and_translate" => image::scale_and_translate(o(), [2], &[0], o(), o(), image::ResizeMethod::Linear, false);
        "resize" => image::resize(o(), [2], image::ResizeMethod::Linear, false);
    }
    "array/indexing.rs" {
        "Array::take" => x.take(o(), 0); "Array::take_mode" => x.take_mode(o(), 0, IndexMode::Fill);
        "Array::take_along_axis" => x.take_along_axis(o(), 0);
        "Array::put_along_axis" => x.put_along_axis(o(), o(), 0);
    }
    "array/insertion.rs" {
        "Array::insert" => x.insert(&[0], o(), 0);
    }
    "array/integer.rs" {
        "Array::floor_divide" => x.floor_divide(o()); "Array::divmod" => x.divmod(o());
        "Array::fmod" => x.fmod(o()); "Array::rem_trunc" => x.rem_trunc(o());
        "Array::div_trunc" => x.div_trunc(o()); "Array::gcd" => x.gcd(o()); "Array::lcm" => x.lcm(o());
        "Array::logical_xor" => x.logical_xor(o());
    }
    "array/interpolation.rs" {
        "RegularGridInterpolator::new" => array::RegularGridInterpolator::new([x], o());
        "RegularGridInterpolator::call" => array::RegularGridInterpolator::new([x], x).call(o());
        "vq" => array::vq(o(), o());
    }
    "array/masked.rs" {
        "Array::masked" => x.masked(o()); "Masked::max" => x.masked(x).max(.., o());
        "Masked::min" => x.masked(x).min(.., o()); "Array::nanquantile" => x.nanquantile(o(), ..);
        "Array::nanpercentile" => x.nanpercentile(o(), ..);
    }
    "array/math.rs" {
        "Array::hypot" => x.hypot(o()); "Array::copysign" => x.copysign(o());
        "Array::heaviside" => x.heaviside(o()); "Array::fmax" => x.fmax(o()); "Array::fmin" => x.fmin(o());
        "Array::float_power" => x.float_power(o()); "Array::logaddexp2" => x.logaddexp2(o());
        "Array::ldexp" => x.ldexp(o()); "logaddexp" => array::logaddexp(o(), o());
    }
    "array/matmul.rs" {
        "Array::matmul" => x.matmul(o());
        "dot_general" => array::dot_general(o(), o(), (&[0], &[0]), (&[0], &[0]));
        "dot_general_as" => array::dot_general_as(o(), o(), (&[0], &[0]), (&[], &[]), DType::F32);
        "dot_general_with" =>
            array::dot_general_with(o(), o(), (&[0], &[0]), (&[], &[]), &array::DotOptions::default());
        "ragged_dot" => array::ragged_dot(o(), o(), o());
    }
    "array/ragged.rs" {
        "ragged_dot_general" => |d: &array::RaggedDotDimensionNumbers| array::ragged_dot_general(o(), o(), o(), d);
    }
    "array/sharding.rs" {
        "with_sharding_constraint" =>
            |s: &nnx_core::sharding::NamedSharding| nnx_core::sharding::with_sharding_constraint(o(), s);
    }
    "array/ndimage.rs" {
        "map_coordinates" => ndimage::map_coordinates(o(), [x], 2, ndimage::Outside::Nearest, o());
    }
    "array/nonzero.rs" {
        "Array::extract" => x.extract(o(), 2, o()); "Array::compress" => x.compress(o(), 0, 2, o());
        "Array::isin" => x.isin(o()); "Array::bincount_weights" => x.bincount_weights(o(), 2);
        "Array::digitize" => x.digitize(o(), false);
    }
    "array/pieces.rs" {
        "Array::ediff1d" => x.ediff1d(o(), o()); "append" => array::append(o(), o(), 0);
    }
    "array/places.rs" {
        "gather" => gather(o(), o(), &Default::default(), &[], Default::default());
        "scatter_sub" => scatter_sub(o(), o(), o(), &Default::default(), Default::default());
        "scatter_apply" => scatter_apply(o(), o(), |x| x + x, &Default::default(), &[], Default::default());
    }
    "array/polynomials.rs" {
        "polyadd" => array::polyadd(o(), o()); "polysub" => array::polysub(o(), o());
        "polymul" => array::polymul(o(), o()); "polydiv" => array::polydiv(o(), o());
        "polyfit" => array::polyfit(o(), o(), 2); "poly" => array::poly(o()); "roots" => array::roots(o());
        "polyder" => array::polyder(o()); "polyint" => array::polyint(o());
    }
    "array/products.rs" {
        "tensordot" => array::tensordot(o(), o(), 1); "dot" => array::dot(o(), o());
        "vdot" => array::vdot(o(), o()); "inner" => array::inner(o(), o());
        "vecdot" => array::vecdot(o(), o(), 0); "matvec" => array::matvec(o(), o());
        "vecmat" => array::vecmat(o(), o()); "outer" => array::outer(o(), o());
        "kron" => array::kron(o(), o()); "cross" => array::cross(o(), o());
        "polyval" => array::polyval(o(), o()); "trapezoid_at" => array::trapezoid_at(o(), o(), 0);
        "convolve" => array::convolve(o(), o(), ConvolveMode::Full);
        "correlate" => array::correlate(o(), o(), ConvolveMode::Full);
        "interp" => array::interp(o(), o(), o(), None, None); "vander" => array::vander(o(), 2, true);
        "trapezoid" => array::trapezoid(o(), 1.0, 0); "unwrap" => array::unwrap(o(), 0, 1.0);
    }
    "array/quantile.rs" {
        "Array::quantile" => x.quantile(o(), ..);
        "Array::quantile_method" => x.quantile_method(o(), .., QuantileMethod::Linear);
        "Array::percentile" => x.percentile(o(), ..); "Array::average" => x.average(o(), ..);
        "logsumexp_signed" => array::logsumexp_signed(o(), o(), ..);
    }
    "array/rearrange.rs" {
        "Array::repeat_each" => x.repeat_each(o(), 0, 2);
    }
    "array/reduce.rs" {
        "logsumexp" => array::logsumexp(o(), ..); "softmax" => array::softmax(o(), ..);
    }
    "array/rotations.rs" {
        "Rotation::from_quat" => Rotation::from_quat(o());
        "Rotation::from_matrix" => Rotation::from_matrix(o());
        "Rotation::from_rotvec" => Rotation::from_rotvec(o(), false);
        "Rotation::from_mrp" => Rotation::from_mrp(o());
        "Rotation::from_euler" => Rotation::from_euler("x", o(), false);
        "Rotation::apply" => Rotation::from_quat(x).apply(o(), false);
        "Rotation::take" => Rotation::from_quat(x).take(o());
        "Slerp::new" => Slerp::new(o(), &Rotation::from_quat(x));
        "Slerp::call" => Slerp::new(x, &Rotation::from_quat(x)).call(o());
        "Rotation::mean" => Rotation::from_quat(x).mean(o());
    }
    "array/segments.rs" {
        "segment_sum" => array::segment_sum(o(), o(), 2);
        "segment_prod" => array::segment_prod(o(), o(), 2);
        "segment_max" => array::segment_max(o(), o(), 2); "segment_min" => array::segment_min(o(), o(), 2);
    }
    "array/sets.rs" {
        "union1d" => array::union1d(o(), o(), 2); "intersect1d" => array::intersect1d(o(), o(), 2, o());
        "setdiff1d" => array::setdiff1d(o(), o(), 2, o()); "setxor1d" => array::setxor1d(o(), o(), 2, o());
    }
    "array/slicing.rs" {
        "Array::dynamic_index" => x.dynamic_index(o(), 0);
        "Array::dynamic_update_slice" => x.dynamic_update_slice(o(), [x]);
        "Array::pad" => x.pad(&[(0, 0)], o()); "Array::pad_general" => x.pad_general(&[(0, 0, 0)], o());
    }
    "array/sort.rs" {
        "Array::searchsorted" => x.searchsorted(o(), false);
        "sort_key_val" => array::sort_key_val(o(), o(), 0); "sort_complex" => array::sort_complex(o());
    }
    "array/spaces.rs" {
        "linspace" => array::linspace(o(), o(), 2, DType::F32);
        "linspace_exclusive" => array::linspace_exclusive(o(), o(), 2, DType::F32);
        "logspace" => array::logspace(o(), o(), 2, 1.0, DType::F32);
        "geomspace" => array::geomspace(o(), o(), 2, DType::F32);
    }
}
