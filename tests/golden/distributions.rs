//! The distributions of `jax.random` with parameters, dtypes and shapes of their own.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::random::{self, Key};
use nnx::{Array, DType, value_and_grad};

const F: DType = DType::F32;
const SHAPE: [usize; 2] = [3, 4];

pub(crate) fn find(name: &str) -> Option<Run> {
    plain(name).or_else(|| with_parameters(name)).or_else(|| of_gamma(name)).or_else(|| drawn(name))
}

fn plain(name: &str) -> Option<Run> {
    Some(match name {
        "laplace" => |c| y(random::laplace(&key(c), SHAPE, F)),
        "laplace_f16" => |c| y(random::laplace(&key(c), SHAPE, DType::F16)),
        "laplace_bf16" => |c| y(random::laplace(&key(c), SHAPE, DType::BF16)),
        "logistic" => |c| y(random::logistic(&key(c), SHAPE, F)),
        "logistic_f16" => |c| y(random::logistic(&key(c), SHAPE, DType::F16)),
        "logistic_bf16" => |c| y(random::logistic(&key(c), SHAPE, DType::BF16)),
        "cauchy" => |c| y(random::cauchy(&key(c), SHAPE, F)),
        "cauchy_f16" => |c| y(random::cauchy(&key(c), SHAPE, DType::F16)),
        "cauchy_bf16" => |c| y(random::cauchy(&key(c), SHAPE, DType::BF16)),
        "maxwell" => |c| y(random::maxwell(&key(c), SHAPE, F)),
        "maxwell_f16" => |c| y(random::maxwell(&key(c), SHAPE, DType::F16)),
        "maxwell_bf16" => |c| y(random::maxwell(&key(c), SHAPE, DType::BF16)),
        "rademacher" => |c| y(random::rademacher(&key(c), SHAPE, DType::I8)),
        "gamma_many" => |c| y(random::gamma(&key(c), 0.7, 500, F)),
        "gamma_f16" => |c| y(random::gamma(&key(c), 3.0, SHAPE, DType::F16)),
        "gamma_bf16" => |c| y(random::gamma(&key(c), 3.0, SHAPE, DType::BF16)),
        "loggamma_tiny" => |c| y(random::loggamma(&key(c), 1e-3, 20, F)),
        "orthogonal_square" => |c| y(random::orthogonal(&key(c), 4, 4, 2, F)),
        "orthogonal_wide" => |c| y(random::orthogonal(&key(c), 2, 5, 2, F)),
        "orthogonal_tall" => |c| y(random::orthogonal(&key(c), 5, 2, 2, F)),
        _ => return None,
    })
}

fn with_parameters(name: &str) -> Option<Run> {
    Some(match name {
        "lognormal" => |c| grads(c, ["a"], |key, [a]| random::lognormal(key, a, SHAPE, F)),
        "pareto" => |c| grads(c, ["a"], |key, [a]| random::pareto(key, a, SHAPE, F)),
        "rayleigh" => |c| grads(c, ["a"], |key, [a]| random::rayleigh(key, a, SHAPE, F)),
        "weibull_min" => {
            |c| grads(c, ["a", "b"], |key, [a, b]| random::weibull_min(key, a, b, SHAPE, F))
        }
        "triangular" => |c| {
            grads(c, ["a", "b", "c"], |key, [a, b, c]| {
                random::triangular(key, a, a + b, a + b + c, SHAPE, F)
            })
        },
        "double_sided_maxwell" => |c| {
            grads(c, ["a", "b"], |key, [a, b]| random::double_sided_maxwell(key, a, b, SHAPE, F))
        },
        "wald" => |c| grads(c, ["a"], |key, [a]| random::wald(key, a, SHAPE, F)),
        "multivariate_normal" => |c| {
            grads(c, ["mean", "cov"], |key, [mean, cov]| {
                random::multivariate_normal(key, mean, cov, [2, 4], F)
            })
        },
        "poisson" => |c| y(random::poisson(&key(c), c.input("rates"), [20, 10], DType::I32)),
        "geometric" => |c| y(random::geometric(&key(c), c.input("p"), [30, 4], DType::I32)),
        "binomial" => |c| y(random::binomial(&key(c), c.input("n"), c.input("p"), [9, 6, 6], F)),
        "multinomial" => {
            |c| y(random::multinomial(&key(c), c.input("n"), c.input("p"), [3, 2, 5], F))
        }
        _ => return None,
    })
}

fn of_gamma(name: &str) -> Option<Run> {
    Some(match name {
        "gamma" => |c| grads(c, ["a"], |key, [a]| random::gamma(key, a, SHAPE, F)),
        "loggamma" => |c| grads(c, ["a"], |key, [a]| random::loggamma(key, a, SHAPE, F)),
        "beta" => |c| grads(c, ["a", "b"], |key, [a, b]| random::beta(key, a, b, SHAPE, F)),
        "dirichlet" => |c| grads(c, ["a"], |key, [a]| random::dirichlet(key, a, [2, 3], F)),
        "chisquare" => |c| grads(c, ["a"], |key, [a]| random::chisquare(key, a, SHAPE, F)),
        "t" => |c| grads(c, ["a"], |key, [a]| random::t(key, a, SHAPE, F)),
        "f" => |c| grads(c, ["a", "b"], |key, [a, b]| random::f(key, a, b, SHAPE, F)),
        "generalized_normal" => {
            |c| grads(c, ["a"], |key, [a]| random::generalized_normal(key, a, SHAPE, F))
        }
        // A scalar is stored with one axis.
        "ball" => |c| grads(c, ["a"], |key, [a]| random::ball(key, 3, a.reshape(()), 5, F)),
        _ => return None,
    })
}

fn drawn(name: &str) -> Option<Run> {
    Some(match name {
        "choice" => |c| y(random::choice(&key(c), 60, [5, 3], true, None)),
        "choice_once" => |c| y(random::choice(&key(c), 60, [5, 3], false, None)),
        "choice_p" => |c| y(random::choice(&key(c), 7, [2, 3], true, Some(&c.input("p")))),
        "choice_p_once" => |c| y(random::choice(&key(c), 7, [2, 3], false, Some(&c.input("p")))),
        "choice_from" => |c| from(c, true),
        "choice_from_once" => |c| from(c, false),
        "choice_from_p" => |c| from_weighted(c, true),
        "choice_from_p_once" => |c| from_weighted(c, false),
        "categorical" => |c| categories(c, true),
        "categorical_once" => |c| categories(c, false),
        "categorical_broadcast" => {
            |c| y(random::categorical_samples(&key(c), c.input("logits"), -1, [3, 4, 5], true))
        }
        "permutation_independent_0" => |c| y(random::shuffle_independent(&key(c), c.input("x"), 0)),
        "permutation_independent_1" => |c| y(random::shuffle_independent(&key(c), c.input("x"), 1)),
        "permutation_independent_2" => {
            |c| y(random::shuffle_independent(&key(c), c.input("x"), -1))
        }
        _ => return None,
    })
}

fn from(case: &Case, replace: bool) -> Outputs {
    grads(case, ["x"], |key, [x]| random::choice_from(key, x, 1, [2, 3], replace, None))
}

fn from_weighted(case: &Case, replace: bool) -> Outputs {
    let (x, p) = (case.input("x"), case.input("p"));
    y(random::choice_from(&key(case), &x, 1, [2, 3], replace, Some(&p)))
}

fn categories(case: &Case, replace: bool) -> Outputs {
    let logits = case.input("logits");
    y(random::categorical_samples(&key(case), &logits, 1, [2, 3, 4, 2], replace))
}

fn key(case: &Case) -> Key {
    random::key(case.seed + 11)
}

/// A sample; short floats are stored as f32.
fn y(array: Array) -> Outputs {
    let short = matches!(array.dtype(), DType::F16 | DType::BF16);
    vec![("out.y".into(), if short { array.astype(F) } else { array })]
}

/// The sample, and the gradients of its product with `in.ct` in the inputs of these names.
fn grads<const N: usize>(
    case: &Case,
    names: [&str; N],
    f: impl Fn(&Key, [&Array; N]) -> Array,
) -> Outputs {
    let (key, ct) = (key(case), case.input("ct"));
    let inputs: Vec<Array> = names.iter().map(|name| case.input(name)).collect();
    let ((_, y), gradients) = value_and_grad(
        |inputs: &Vec<Array>| {
            let y = f(&key, std::array::from_fn(|i| &inputs[i]));
            ((&y * &ct).sum(..), y)
        },
        &inputs,
    );
    let gradients = names.iter().map(|name| format!("grad.{name}")).zip(gradients);
    [("out.y".to_owned(), y)].into_iter().chain(gradients).collect()
}
