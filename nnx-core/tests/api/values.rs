//! The values behind the table, for every function in it: derivatives against differences and
//! each other, batches against loops, programs against single operations.

use super::points::{direction, numbers, point, whole};
use super::probe::Probe;
use super::probes;
use nnx_core::array::{concatenate, stack};
use nnx_core::{Array, DType, grad, in_axes, jvp, vmap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Functions whose slope is not that of their values, as in JAX.
const OTHER_SLOPES: [(&str, &str); 3] = [
    ("stop_gradient", "hides the slope"),
    ("nextafter", "a step between neighbours has slope 0"),
    ("reduce_precision", "a staircase with the slope of a line"),
];

/// Functions that take seconds to compile, tried in tests/numeric/eigen.rs.
const SLOW: [&str; 7] =
    ["eig", "eig_left_right", "schur", "rsf2csf", "sqrtm", "funm", "solve_sylvester"];

/// Two arrays that should hold the same numbers.
struct Pair {
    what: String,
    got: Array,
    want: Array,
    tolerance: f64,
}

/// A function at a point.
struct Job<'a> {
    probe: &'a Probe,
    dtype: DType,
    /// The point, another near it, and a direction.
    x: Vec<Array>,
    near: Vec<Array>,
    t: Vec<Array>,
    differentiable: bool,
}

impl<'a> Job<'a> {
    fn new(probe: &'a Probe, dtype: DType) -> Self {
        let floating = dtype.is_float() || dtype.is_complex();
        let x = if floating { point(probe) } else { whole(probe, dtype) };
        let t = direction(&x);
        let near = match floating {
            true => x.iter().zip(&t).map(|(x, t)| x + t * 0.01).collect(),
            false => x.iter().map(|x| x.flip(..)).collect::<Vec<_>>(),
        };
        let cast = |xs: Vec<Array>| xs.iter().map(|x| x.astype(dtype)).collect();
        let other = OTHER_SLOPES.iter().any(|(name, _)| *name == probe.name);
        let differentiable = dtype == DType::F64 && !other && probe.gradient(DType::F64) == "yes";
        Job { probe, dtype, x: cast(x), near: cast(near), t, differentiable }
    }

    fn inputs(&self) -> Vec<Array> {
        [&self.x, &self.near, &self.t].into_iter().flatten().cloned().collect()
    }

    /// How far two ways of computing may be apart.
    fn tolerance(&self) -> f64 {
        match self.dtype {
            DType::F16 => 1e-2,
            DType::BF16 => 6e-2,
            DType::F32 | DType::C64 => 5e-5,
            _ => 1e-10,
        }
    }

    /// The pairs that should agree, recorded from traced inputs.
    fn record(&self, inputs: &[Array], pairs: &mut Vec<Pair>) {
        let n = self.x.len();
        let [x, near, t] = [0, 1, 2].map(|i| inputs[i * n..(i + 1) * n].to_vec());
        let mut push = |what: &str, got: Array, want: Array, tolerance| {
            let what = format!("{} of {}: {what}", self.probe.name, self.dtype);
            pairs.push(Pair { what, got, want, tolerance });
        };
        // Looked up by itself, so that it runs operation by operation.
        let eager = (self.probe.call)(&self.x);
        let value = (self.probe.call)(&x);
        for (got, want) in value.iter().zip(&eager) {
            assert_eq!(got.aval(), want.aval(), "{}", self.probe.name);
            push("in a program and by itself", numbers(got), numbers(want), self.tolerance());
        }
        if self.differentiable {
            self.derivatives(&x, &t, &value, &mut push);
        } else if n > 0 {
            let batch = self.batch(&[&x, &near]);
            let beside = (self.probe.call)(&near);
            for ((got, a), b) in batch.iter().zip(&value).zip(&beside) {
                let want = stack([a, b], 0);
                assert_eq!(got.aval(), want.aval(), "{}", self.probe.name);
                push("vmap and a loop", numbers(got), numbers(&want), self.tolerance());
            }
        }
    }

    /// The results at several points at once.
    fn batch(&self, points: &[&Vec<Array>]) -> Vec<Array> {
        let at = |i: usize| stack(points.iter().map(|x| &x[i]).collect::<Vec<_>>(), 0);
        let stacked: Vec<Array> = (0..self.x.len()).map(at).collect();
        vmap(|x: &Vec<Array>| (self.probe.call)(x), &stacked, 0)
    }

    /// The batch holds the point and two beside it, for the differences: fewer programs to compile.
    fn derivatives(
        &self,
        x: &Vec<Array>,
        t: &Vec<Array>,
        value: &[Array],
        push: &mut dyn FnMut(&str, Array, Array, f64),
    ) {
        const H: f64 = 1e-5;
        let moved = |h: f64| x.iter().zip(t).map(|(x, t)| x + t * h).collect::<Vec<_>>();
        let batch = self.batch(&[x, &moved(H), &moved(-H)]);
        let row = |i: i32| batch.iter().map(|y| y.at(i).get()).collect::<Vec<_>>();
        for (got, want) in row(0).iter().zip(value) {
            assert_eq!(got.aval(), want.aval(), "{}", self.probe.name);
            push("vmap and a loop", numbers(got), numbers(want), self.tolerance());
        }
        let f = |x: &Vec<Array>| inexact(&(self.probe.call)(x));
        let (_, slope) = jvp(f, x, t);
        let differences = (inexact(&row(1)) - inexact(&row(2))) / (2.0 * H);
        push("jvp and differences", slope.clone(), differences, 2e-6);
        let weights = direction(std::slice::from_ref(&slope)).remove(0);
        let gradients = grad(|x: &Vec<Array>| (f(x) * &weights).sum(..), x);
        let zero = Array::scalar(0.0_f64);
        let along = gradients.iter().zip(t).fold(zero, |sum, (g, t)| sum + (g * t).sum(..));
        push("vjp and jvp", along, (slope * &weights).sum(..), 1e-9);
    }
}

/// The results that are not integers, in one vector.
fn inexact(outs: &[Array]) -> Array {
    let float = |y: &&Array| y.dtype().is_float() || y.dtype().is_complex();
    let outs: Vec<Array> = outs.iter().filter(float).map(numbers).collect();
    concatenate(&outs, 0)
}

/// `f` as one compiled program: a `vmap` that maps nothing.
fn program(args: &Vec<Array>, f: impl FnOnce(&Vec<Array>) -> Vec<Array>) -> Vec<Array> {
    let axes = in_axes(None::<isize>).axis_size(1).out_axes(None::<isize>);
    vmap(|args: &Vec<Array>| f(args), args, axes)
}

fn difference(got: &[f64], want: &[f64], tolerance: f64) -> Option<String> {
    got.iter().zip(want).find_map(|(a, b)| {
        let same = a == b || (a.is_nan() && b.is_nan());
        let close = (a - b).abs() <= tolerance * (1.0 + b.abs());
        (!same && !close).then(|| format!("{got:?}\n    and {want:?}"))
    })
}

/// Several functions in one program, because compiling takes most of the time.
fn check(jobs: &[Job<'_>], wrong: &mut Vec<String>) {
    let inputs: Vec<Array> = jobs.iter().flat_map(Job::inputs).collect();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut current = "";
    let outs = catch_unwind(AssertUnwindSafe(|| {
        program(&inputs, |inputs| {
            let mut rest = &inputs[..];
            for job in jobs {
                current = job.probe.name;
                let (mine, others) = rest.split_at(3 * job.x.len());
                job.record(mine, &mut pairs);
                rest = others;
            }
            // The arrays are of the program alone; what they are stays.
            pairs
                .iter_mut()
                .flat_map(|pair| [&mut pair.got, &mut pair.want])
                .map(|array| std::mem::replace(array, Array::absent("in the program")))
                .collect()
        })
    }));
    let outs = outs.unwrap_or_else(|payload| {
        eprintln!("while trying out `{current}`");
        resume_unwind(payload)
    });
    for (pair, outs) in pairs.iter().zip(outs.chunks(2)) {
        let (got, want) = (outs[0].to_vec::<f64>(), outs[1].to_vec::<f64>());
        if let Some(how) = difference(&got, &want, pair.tolerance) {
            wrong.push(format!("{}:\n    {how}", pair.what));
        }
    }
}

/// All probes for which `dtype` chooses a dtype of the arguments.
fn check_all(probes: &[Probe], mut dtype: impl FnMut(&Probe) -> Option<DType>) {
    let probes = probes.iter().filter(|probe| !SLOW.contains(&probe.name));
    let jobs: Vec<Job<'_>> =
        probes.filter_map(|probe| Some(Job::new(probe, dtype(probe)?))).collect();
    let mut wrong = Vec::new();
    for jobs in jobs.chunks(6) {
        check(jobs, &mut wrong);
    }
    let slopes = jobs.iter().filter(|job| job.differentiable).count();
    println!("{} functions, {slopes} with derivatives", jobs.len());
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// f64 where it is taken, else integers.
#[test]
fn every_function_has_the_values_that_the_table_promises() {
    let dtypes = [DType::F64, DType::I32, DType::Bool];
    check_all(&probes::all(), |probe| dtypes.into_iter().find(|&d| probe.takes(d)));
}

/// Each function with one of them, the next one with the next, because compiling takes the time;
/// the primitives are tried with each in tests/properties/dtypes.rs.
#[test]
fn every_function_of_less_precision() {
    let mut turn = 0;
    check_all(&probes::all(), |probe| {
        turn += 1;
        let dtype = [DType::F32, DType::F16, DType::BF16][turn % 3];
        probe.takes(dtype).then_some(dtype)
    });
}
