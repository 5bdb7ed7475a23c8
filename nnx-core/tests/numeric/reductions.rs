//! Reductions of parts, quantiles, covariances.
use crate::check::*;
use crate::values::*;
use nnx_core::DType;
use nnx_core::array::*;

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("reductions", "values_as_in_jax");
    let [m, q, mask, w] = rows.inputs(["m", "q", "mask", "w"]);
    rows.check("jnp.nansum(q, axis=None)", || q.nansum(..));
    rows.check("jnp.nanprod(q, axis=None)", || q.nanprod(..));
    rows.check("jnp.nanmean(q, axis=None)", || q.nanmean(..));
    rows.check("jnp.nanmax(q, axis=None)", || q.nanmax(..));
    rows.check("jnp.nanmin(q, axis=None)", || q.nanmin(..));
    rows.check("jnp.nanvar(q, axis=None, ddof=1)", || q.nanvar(.., 1));
    rows.check("jnp.nanstd(q, axis=None)", || q.nanstd(.., 0));
    rows.check("jnp.sum(m, axis=None, where=mask)", || m.masked(&mask).sum(..));
    rows.check("jnp.prod(m, axis=None, where=mask)", || m.masked(&mask).prod(..));
    rows.check("jnp.mean(m, axis=None, where=mask)", || m.masked(&mask).mean(..));
    rows.check("jnp.any(m, axis=None, where=mask)", || m.masked(&mask).any(..));
    rows.check("jnp.all(m, axis=None, where=mask)", || m.masked(&mask).all(..));
    rows.check("jnp.var(m, axis=None, where=mask, ddof=1)", || m.masked(&mask).var(.., 1));
    rows.check("jnp.std(m, axis=None, where=mask)", || m.masked(&mask).std(.., 0));
    rows.check("jnp.max(m, axis=None, where=mask, initial=-9.)", || m.masked(&mask).max(.., -9.0));
    rows.check("jnp.min(m, axis=None, where=mask, initial=0.1)", || m.masked(&mask).min(.., 0.1));
    rows.check("jnp.median(q, axis=None)", || q.median(..));
    rows.check("jnp.nanmedian(q, axis=None)", || q.nanmedian(..));
    rows.check("jnp.ptp(q, axis=None)", || q.ptp(..));
    rows.check("jnp.count_nonzero(q, axis=None)", || q.count_nonzero(..));
    rows.check("jnp.median(m, axis=None, keepdims=True)", || m.median(keepdims(..)));
    rows.check("jnp.quantile(m, jnp.array([0.1, 0.5, 0.99]), axis=None)", || {
        m.quantile(f64s(&[0.1, 0.5, 0.99], &[3]), ..)
    });
    rows.check("jnp.nanquantile(q, jnp.array([0.2, 0.9]), axis=None)", || {
        q.nanquantile(f64s(&[0.2, 0.9], &[2]), ..)
    });
    rows.check("jnp.percentile(m, 30., axis=None)", || m.percentile(30.0, ..));
    rows.check("jnp.var(m, axis=None, ddof=1)", || m.var_ddof(.., 1));
    rows.check("jnp.std(m, axis=None, ddof=3)", || m.std_ddof(.., 3));
    rows.check("jnp.nansum(q, axis=None, keepdims=True)", || q.nansum(keepdims(..)));
    rows.check("jnp.average(m, axis=None, weights=jnp.abs(m))", || m.average(m.abs(), ..));
    rows.check("jnp.nansum(q, axis=0)", || q.nansum(0));
    rows.check("jnp.nanprod(q, axis=0)", || q.nanprod(0));
    rows.check("jnp.nanmean(q, axis=0)", || q.nanmean(0));
    rows.check("jnp.nanmax(q, axis=0)", || q.nanmax(0));
    rows.check("jnp.nanmin(q, axis=0)", || q.nanmin(0));
    rows.check("jnp.nanvar(q, axis=0, ddof=1)", || q.nanvar(0, 1));
    rows.check("jnp.nanstd(q, axis=0)", || q.nanstd(0, 0));
    rows.check("jnp.sum(m, axis=0, where=mask)", || m.masked(&mask).sum(0));
    rows.check("jnp.prod(m, axis=0, where=mask)", || m.masked(&mask).prod(0));
    rows.check("jnp.mean(m, axis=0, where=mask)", || m.masked(&mask).mean(0));
    rows.check("jnp.any(m, axis=0, where=mask)", || m.masked(&mask).any(0));
    rows.check("jnp.all(m, axis=0, where=mask)", || m.masked(&mask).all(0));
    rows.check("jnp.var(m, axis=0, where=mask, ddof=1)", || m.masked(&mask).var(0, 1));
    rows.check("jnp.std(m, axis=0, where=mask)", || m.masked(&mask).std(0, 0));
    rows.check("jnp.max(m, axis=0, where=mask, initial=-9.)", || m.masked(&mask).max(0, -9.0));
    rows.check("jnp.min(m, axis=0, where=mask, initial=0.1)", || m.masked(&mask).min(0, 0.1));
    rows.check("jnp.median(q, axis=0)", || q.median(0));
    rows.check("jnp.nanmedian(q, axis=0)", || q.nanmedian(0));
    rows.check("jnp.ptp(q, axis=0)", || q.ptp(0));
    rows.check("jnp.count_nonzero(q, axis=0)", || q.count_nonzero(0));
    rows.check("jnp.median(m, axis=0, keepdims=True)", || m.median(keepdims(0)));
    rows.check("jnp.quantile(m, jnp.array([0.1, 0.5, 0.99]), axis=0)", || {
        m.quantile(f64s(&[0.1, 0.5, 0.99], &[3]), 0)
    });
    rows.check("jnp.nanquantile(q, jnp.array([0.2, 0.9]), axis=0)", || {
        q.nanquantile(f64s(&[0.2, 0.9], &[2]), 0)
    });
    rows.check("jnp.percentile(m, 30., axis=0)", || m.percentile(30.0, 0));
    rows.check("jnp.var(m, axis=0, ddof=1)", || m.var_ddof(0, 1));
    rows.check("jnp.std(m, axis=0, ddof=3)", || m.std_ddof(0, 3));
    rows.check("jnp.nansum(q, axis=0, keepdims=True)", || q.nansum(keepdims(0)));
    rows.check("jnp.average(m, axis=0, weights=jnp.abs(m))", || m.average(m.abs(), 0));
    rows.check("jnp.nansum(q, axis=1)", || q.nansum(-1));
    rows.check("jnp.nanprod(q, axis=1)", || q.nanprod(-1));
    rows.check("jnp.nanmean(q, axis=1)", || q.nanmean(-1));
    rows.check("jnp.nanmax(q, axis=1)", || q.nanmax(-1));
    rows.check("jnp.nanmin(q, axis=1)", || q.nanmin(-1));
    rows.check("jnp.nanvar(q, axis=1, ddof=1)", || q.nanvar(-1, 1));
    rows.check("jnp.nanstd(q, axis=1)", || q.nanstd(-1, 0));
    rows.check("jnp.sum(m, axis=1, where=mask)", || m.masked(&mask).sum(-1));
    rows.check("jnp.prod(m, axis=1, where=mask)", || m.masked(&mask).prod(-1));
    rows.check("jnp.mean(m, axis=1, where=mask)", || m.masked(&mask).mean(-1));
    rows.check("jnp.any(m, axis=1, where=mask)", || m.masked(&mask).any(-1));
    rows.check("jnp.all(m, axis=1, where=mask)", || m.masked(&mask).all(-1));
    rows.check("jnp.var(m, axis=1, where=mask, ddof=1)", || m.masked(&mask).var(-1, 1));
    rows.check("jnp.std(m, axis=1, where=mask)", || m.masked(&mask).std(-1, 0));
    rows.check("jnp.max(m, axis=1, where=mask, initial=-9.)", || m.masked(&mask).max(-1, -9.0));
    rows.check("jnp.min(m, axis=1, where=mask, initial=0.1)", || m.masked(&mask).min(-1, 0.1));
    rows.check("jnp.median(q, axis=1)", || q.median(-1));
    rows.check("jnp.nanmedian(q, axis=1)", || q.nanmedian(-1));
    rows.check("jnp.ptp(q, axis=1)", || q.ptp(-1));
    rows.check("jnp.count_nonzero(q, axis=1)", || q.count_nonzero(-1));
    rows.check("jnp.median(m, axis=1, keepdims=True)", || m.median(keepdims(-1)));
    rows.check("jnp.quantile(m, jnp.array([0.1, 0.5, 0.99]), axis=1)", || {
        m.quantile(f64s(&[0.1, 0.5, 0.99], &[3]), -1)
    });
    rows.check("jnp.nanquantile(q, jnp.array([0.2, 0.9]), axis=1)", || {
        q.nanquantile(f64s(&[0.2, 0.9], &[2]), -1)
    });
    rows.check("jnp.percentile(m, 30., axis=1)", || m.percentile(30.0, -1));
    rows.check("jnp.var(m, axis=1, ddof=1)", || m.var_ddof(-1, 1));
    rows.check("jnp.std(m, axis=1, ddof=3)", || m.std_ddof(-1, 3));
    rows.check("jnp.nansum(q, axis=1, keepdims=True)", || q.nansum(keepdims(-1)));
    rows.check("jnp.average(m, axis=1, weights=jnp.abs(m))", || m.average(m.abs(), -1));
    rows.check("jnp.nansum(q, axis=(0, 1))", || q.nansum([0, 1]));
    rows.check("jnp.nanprod(q, axis=(0, 1))", || q.nanprod([0, 1]));
    rows.check("jnp.nanmean(q, axis=(0, 1))", || q.nanmean([0, 1]));
    rows.check("jnp.nanmax(q, axis=(0, 1))", || q.nanmax([0, 1]));
    rows.check("jnp.nanmin(q, axis=(0, 1))", || q.nanmin([0, 1]));
    rows.check("jnp.nanvar(q, axis=(0, 1), ddof=1)", || q.nanvar([0, 1], 1));
    rows.check("jnp.nanstd(q, axis=(0, 1))", || q.nanstd([0, 1], 0));
    rows.check("jnp.sum(m, axis=(0, 1), where=mask)", || m.masked(&mask).sum([0, 1]));
    rows.check("jnp.prod(m, axis=(0, 1), where=mask)", || m.masked(&mask).prod([0, 1]));
    rows.check("jnp.mean(m, axis=(0, 1), where=mask)", || m.masked(&mask).mean([0, 1]));
    rows.check("jnp.any(m, axis=(0, 1), where=mask)", || m.masked(&mask).any([0, 1]));
    rows.check("jnp.all(m, axis=(0, 1), where=mask)", || m.masked(&mask).all([0, 1]));
    rows.check("jnp.var(m, axis=(0, 1), where=mask, ddof=1)", || m.masked(&mask).var([0, 1], 1));
    rows.check("jnp.std(m, axis=(0, 1), where=mask)", || m.masked(&mask).std([0, 1], 0));
    rows.check("jnp.max(m, axis=(0, 1), where=mask, initial=-9.)", || {
        m.masked(&mask).max([0, 1], -9.0)
    });
    rows.check("jnp.min(m, axis=(0, 1), where=mask, initial=0.1)", || {
        m.masked(&mask).min([0, 1], 0.1)
    });
    rows.check("jnp.median(q, axis=(0, 1))", || q.median([0, 1]));
    rows.check("jnp.nanmedian(q, axis=(0, 1))", || q.nanmedian([0, 1]));
    rows.check("jnp.ptp(q, axis=(0, 1))", || q.ptp([0, 1]));
    rows.check("jnp.count_nonzero(q, axis=(0, 1))", || q.count_nonzero([0, 1]));
    rows.check("jnp.median(m, axis=(0, 1), keepdims=True)", || m.median(keepdims([0, 1])));
    rows.check("jnp.quantile(m, jnp.array([0.1, 0.5, 0.99]), axis=(0, 1))", || {
        m.quantile(f64s(&[0.1, 0.5, 0.99], &[3]), [0, 1])
    });
    rows.check("jnp.nanquantile(q, jnp.array([0.2, 0.9]), axis=(0, 1))", || {
        q.nanquantile(f64s(&[0.2, 0.9], &[2]), [0, 1])
    });
    rows.check("jnp.percentile(m, 30., axis=(0, 1))", || m.percentile(30.0, [0, 1]));
    rows.check("jnp.var(m, axis=(0, 1), ddof=1)", || m.var_ddof([0, 1], 1));
    rows.check("jnp.std(m, axis=(0, 1), ddof=3)", || m.std_ddof([0, 1], 3));
    rows.check("jnp.nansum(q, axis=(0, 1), keepdims=True)", || q.nansum(keepdims([0, 1])));
    rows.check("jnp.average(m, axis=(0, 1), weights=jnp.abs(m))", || m.average(m.abs(), [0, 1]));
    rows.check("jnp.quantile(m, jnp.array([0., 0.3, 0.5, 1.]), axis=1, method=\"linear\")", || {
        m.quantile_method(f64s(&[0., 0.3, 0.5, 1.], &[4]), 1, QuantileMethod::Linear)
    });
    rows.check("jnp.quantile(m, jnp.array([0., 0.3, 0.5, 1.]), axis=1, method=\"lower\")", || {
        m.quantile_method(f64s(&[0., 0.3, 0.5, 1.], &[4]), 1, QuantileMethod::Lower)
    });
    rows.check("jnp.quantile(m, jnp.array([0., 0.3, 0.5, 1.]), axis=1, method=\"higher\")", || {
        m.quantile_method(f64s(&[0., 0.3, 0.5, 1.], &[4]), 1, QuantileMethod::Higher)
    });
    rows.check(
        "jnp.quantile(m, jnp.array([0., 0.3, 0.5, 1.]), axis=1, method=\"midpoint\")",
        || m.quantile_method(f64s(&[0., 0.3, 0.5, 1.], &[4]), 1, QuantileMethod::Midpoint),
    );
    rows.check(
        "jnp.quantile(m, jnp.array([0., 0.3, 0.5, 1.]), axis=1, method=\"nearest\")",
        || m.quantile_method(f64s(&[0., 0.3, 0.5, 1.], &[4]), 1, QuantileMethod::Nearest),
    );
    rows.check("jnp.nanargmax(q, axis=0)", || q.nanargmax(0));
    rows.check("jnp.nanargmin(q, axis=1)", || q.nanargmin(1));
    rows.check("jnp.nancumsum(q, axis=1)", || q.nancumsum(1));
    rows.check("jnp.nancumprod(q, axis=0)", || q.nancumprod(0));
    rows.check("jnp.argmax(q, axis=1)", || q.argmax(1));
    rows.check("jnp.argmin(q, axis=0)", || q.argmin(0));
    rows.check("jnp.cov(m)", || m.cov(1));
    rows.check("jnp.cov(m[0])", || m.slice([0.into()]).cov(1));
    rows.check("jnp.corrcoef(m)", || m.corrcoef());
    rows.check("lax.cumlogsumexp(m * 100, 1)", || (&m * 100.0).cumlogsumexp(1));
    rows.check("[*jsp.special.logsumexp(m * 500, axis=1, b=mask * -2., return_sign=True)]", || {
        logsumexp_signed(&(&m * 500.0), &(mask.astype(DType::F64) * -2.0), 1)
    });
    rows.check("jnp.median(w.astype(float))", || w.astype(DType::F64).median(..));
    rows.done();
}
