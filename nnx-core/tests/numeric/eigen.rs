//! Eigenvalues of general matrices, Schur and Hessenberg form, and what is made of them: numbers from
//! LAPACK by JAX and SciPy, residuals, matrices with too few eigenvectors, batches, derivatives.

use crate::check::*;
use nnx_core::array::*;
use nnx_core::linalg::{self, SchurOutput};
use nnx_core::{Array, DType, grad, jit, jvp, vmap};

pub(crate) fn a() -> Array {
    Array::from([
        [1.0, 2.0, -1.0, 3.0],
        [0.5, -2.0, 4.0, 1.0],
        [3.0, 1.0, 0.25, -2.0],
        [-1.0, 2.0, 1.0, 5.0],
    ])
}

pub(crate) fn c() -> Array {
    let re = Array::from([[1.0, 2.0, -1.0], [0.5, -2.0, 4.0], [3.0, 1.0, 0.25]]);
    let im = Array::from([[0.0, 1.0, 2.0], [-1.0, 0.5, 0.0], [1.0, 1.0, -2.0]]);
    complex(re, im)
}

/// Real and imaginary parts in turn.
pub(crate) fn numbers(x: &Array) -> Vec<f64> {
    if x.dtype().is_complex() {
        let both = [x.real(), x.imag()].map(|x| x.astype(DType::F64).to_vec::<f64>());
        return both[0].iter().zip(&both[1]).flat_map(|(re, im)| [*re, *im]).collect();
    }
    x.astype(DType::F64).to_vec::<f64>()
}

fn adjoint(x: &Array) -> Array {
    x.mt().conj()
}

/// The largest |x|, relative to `scale`; NaN if there is one.
#[track_caller]
pub(crate) fn size(x: &Array, scale: &Array) -> f64 {
    if x.size() == 0 {
        return 0.0;
    }
    let of = |x: &Array| x.abs().max(..).astype(DType::F64).item::<f64>();
    of(x) / of(scale).max(1e-300)
}

fn orthonormal(q: &Array) -> f64 {
    let n = q.shape()[q.rank() - 1];
    size(&(adjoint(q).matmul(q) - eye(n, q.dtype())), &eye(n.max(1), DType::F64))
}

/// Numbers sorted by their real, then their imaginary parts.
fn sorted(x: &Array) -> Vec<f64> {
    let mut pairs: Vec<[f64; 2]> = numbers(x).chunks(2).map(|p| [p[0], p[1]]).collect();
    let rounded = |x: f64| (x * 1e6).round();
    pairs.sort_by(|a, b| {
        let key = |p: &[f64; 2]| [rounded(p[0]), rounded(p[1])];
        key(a).partial_cmp(&key(b)).unwrap()
    });
    pairs.concat()
}

/// Of the matrices that are looked at from all sides: each size is a set of programs, which take seconds to compile.
const SIZE: usize = 6;

/// A matrix with another one, of its scale, in the corner, so that it has [`SIZE`] rows.
fn padded(x: &Array) -> Array {
    let rest = eye(SIZE - x.shape()[0], DType::F64);
    let scale = x.abs().max(..);
    block_diag([x, &(rest * where_(scale.eq(0.0), 1.0, scale))])
}

/// A V = V diag(w), Uᴴ A = diag(w) Uᴴ, unit vectors, and the Schur and Hessenberg forms.
#[track_caller]
fn check_all(x: &Array, tolerance: f64) {
    let n = x.shape()[x.rank() - 1];
    let wide = x.dtype().complex();
    let whole = x.astype(wide);
    let (w, left, right) = linalg::eig_left_right(x);
    assert_eq!((w.dtype(), right.shape()), (wide, x.shape()));
    let off = whole.matmul(&right) - &right * w.expand_dims(-2);
    assert!(size(&off, x) < tolerance, "right: {}", size(&off, x));
    let off = adjoint(&left).matmul(&whole) - w.expand_dims(-1) * adjoint(&left);
    assert!(size(&off, x) < tolerance, "left: {}", size(&off, x));
    for v in [&left, &right] {
        let lengths = v.abs().square().sum(-2) - 1.0;
        assert!(size(&lengths, &eye(1, DType::F64)) < tolerance);
    }
    let values = linalg::eigvals(x);
    assert!(size(&(&values - &w), x) == 0.0);
    let real = !x.dtype().is_complex();
    for output in [SchurOutput::Real, SchurOutput::Complex] {
        let (t, z) = linalg::schur(x, output);
        let off = z.matmul(&t).matmul(adjoint(&z)) - x;
        assert!(size(&off, x) < tolerance, "schur: {}", size(&off, x));
        assert!(orthonormal(&z) < tolerance);
        let below = if real && output == SchurOutput::Real { -1 } else { 0 };
        assert!(size(&(&t - t.triu(below)), x) == 0.0);
        if below == -1 {
            // Blocks stand apart, have one number on the diagonal, and others of different signs beside it.
            let sub = t.diagonal(-1, -2, -1).ne(0.0);
            let both = &sub.at((Ellipsis, ..-1)).get() & sub.at((Ellipsis, 1..)).get();
            assert!(n < 3 || !both.any(..).item::<bool>());
            let d = t.diagonal(0, -2, -1);
            let gap = d.at((Ellipsis, 1..)).get() - d.at((Ellipsis, ..-1)).get();
            assert!(size(&where_(&sub, gap, 0.0), x) == 0.0);
            let product = t.diagonal(1, -2, -1).sign() * t.diagonal(-1, -2, -1).sign();
            assert!(!(sub & product.ge(0.0)).any(..).item::<bool>());
            let (t, z) = linalg::rsf2csf(&t, &z);
            let off = z.matmul(&t).matmul(adjoint(&z)) - &whole;
            assert!(size(&off, x) < tolerance, "rsf2csf: {}", size(&off, x));
            assert!(orthonormal(&z) < tolerance && size(&(&t - t.triu(0)), x) == 0.0);
        }
    }
    let (h, q) = linalg::hessenberg(x);
    let off = q.matmul(&h).matmul(adjoint(&q)) - x;
    assert!(size(&off, x) < tolerance && orthonormal(&q) < tolerance);
    assert!(size(&(&h - h.triu(-1)), x) == 0.0);
}

#[test]
#[rustfmt::skip]
fn eigenvalues_as_in_numpy() {
    let (w, v) = linalg::eig(a());
    let want = [
        -3.0829292201098797, 0.0, 1.1843669724938555, -2.1083924630890114, 1.1843669724938555,
        2.1083924630890114, 4.9641952751221705, 0.0,
    ];
    close(&sorted(&w), &want, 1e-13);
    // Real eigenvalues are real, pairs are conjugate to the last bit, the one above first.
    let w = numbers(&w);
    let above = w.chunks(2).position(|p| p[1] > 0.0).unwrap();
    assert_eq!((w[2 * above], w[2 * above + 1]), (w[2 * above + 2], -w[2 * above + 3]));
    let column = |i: usize| v.at((.., i as i32)).get();
    assert_eq!(numbers(&column(above)), numbers(&column(above + 1).conj()));
    for i in (0..4).filter(|&i| w[2 * i + 1] == 0.0) {
        assert_eq!(column(i).imag().abs().max(..).item::<f64>(), 0.0);
    }
    // LAPACK's vectors, whose largest element is real.
    let (w, v) = linalg::eig(c());
    let (values, vectors): ([f64; 6], [f64; 18]) = ([3.264129523954698, 1.306641739325737, -1.196582005339247, -3.8081589622274805, -2.8175475186154504, 1.0015172229017466], [0.5947057897845445, 0.0, -0.34340412691001887, -0.4638386322575619, -0.375491133522648, -0.2827163497993488, 0.34830497091285456, -0.4290325016127422, 0.060497051819608905, 0.46316578572944933, 0.8789540806397234, 0.0, 0.4705612772896107, -0.34570488528457216, 0.6698842366389579, 0.0, -0.06203120276081423, 0.05166941273940413]);
    close(&sorted(&w), &sorted(&complex(
        Array::from([values[0], values[2], values[4]]),
        Array::from([values[1], values[3], values[5]]),
    )), 1e-13);
    for (i, value) in numbers(&w).chunks(2).enumerate() {
        let j = (0..3).find(|j| (values[2 * j] - value[0]).abs() < 1e-9).unwrap();
        let want: Vec<f64> =
            (0..3).flat_map(|row| [0, 1].map(|part| vectors[6 * row + 2 * j + part])).collect();
        close(&numbers(&v.at((.., i as i32)).get()), &want, 1e-12);
    }
}

#[test]
fn residuals_of_random_matrices() {
    let mut rng = Rng(3);
    for _ in 0..20 {
        let x = rng.array(&[SIZE, SIZE], -1.0, 1.0);
        check_all(&x, 3e-13);
        check_all(&complex(&x, rng.array(&[SIZE, SIZE], -1.0, 1.0)), 3e-13);
    }
    for (n, dtype, tolerance) in [(24, DType::F64, 1e-12), (SIZE, DType::C64, 2e-5)] {
        let x = rng.array(&[n, n], -1.0, 1.0).astype(dtype);
        let (w, v) = linalg::eig(&x);
        let off = x.astype(dtype.complex()).matmul(&v) - &v * w;
        assert!(size(&off, &x) < tolerance, "{}", size(&off, &x));
    }
}

#[test]
fn defective_and_repeated_eigenvalues() {
    let jordan = |n: usize, x: f64| eye(n, DType::F64) * x + eye_diagonal(n, n, 1, DType::F64);
    let zeros = zeros([4, 4], DType::F64);
    let (one, ones) = (eye(4, DType::F64), ones([4, 4], DType::F64));
    let turn = Array::from([[0.0, -1.0], [1.0, 0.0]]);
    let cases = [
        zeros,
        one.clone(),
        ones.clone(),
        &one * -3.0,
        jordan(5, 2.0),
        jordan(6, 0.0),
        block_diag([&jordan(3, 1.0), &jordan(2, 1.0)]),
        // A cycle: all its eigenvalues have one size, where shifts of zero would never end.
        Array::from([
            [0.0, 0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
        ]),
        block_diag([&turn, &turn]),
        // Pairs that are met twice.
        block_diag([&turn, &turn]) + eye_diagonal(4, 4, 2, DType::F64),
        Array::from([[1.0, 1e-8], [-1e-8, 1.0]]),
        Array::from([[1.0, 1e8], [0.0, 1.0]]),
        Array::from([[0.0, 1.0], [0.0, 0.0]]),
        Array::from([[0.0, 0.0], [1.0, 0.0]]),
        Array::from([[2.0, 3.0], [3.0, 2.0]]),
        &ones * 1e150,
        &ones * 1e-150,
        a() * 1e200,
        a() * 1e-200,
    ];
    for x in cases.iter().map(padded) {
        check_all(&x, 1e-13);
        check_all(&x.astype(DType::C128), 1e-13);
    }
    let w = linalg::eigvals(jordan(5, 2.0));
    assert_eq!(numbers(&w), [2.0, 0.0].repeat(5));
    let mut cycle = sorted(&linalg::eigvals(&cases[7]));
    cycle.iter_mut().for_each(|x| *x = x.round());
    assert_eq!(cycle, [-1.0, 0.0, 0.0, -1.0, 0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn sizes_at_the_edge_and_batches() {
    for (shape, values) in
        [(vec![0, 0], vec![0]), (vec![3, 0, 0], vec![3, 0]), (vec![0, 4, 4], vec![0, 4])]
    {
        let x = zeros(&*shape, DType::F64);
        let (w, l, r) = linalg::eig_left_right(&x);
        assert_eq!((w.shape(), l.shape(), r.shape()), (&*values, &*shape, &*shape));
        assert_eq!(linalg::schur(&x, SchurOutput::Real).0.shape(), shape);
        assert_eq!(linalg::hessenberg(&x).1.shape(), shape);
        assert_eq!(linalg::sqrtm(&x).shape(), shape);
    }
    let one = Array::from([[-4.0]]);
    let (w, v) = linalg::eig(&one);
    assert_eq!((numbers(&w), numbers(&v)), (vec![-4.0, 0.0], vec![1.0, 0.0]));
    assert_eq!(numbers(&linalg::hessenberg(&one).1), [1.0]);
    // Half floats and integers are computed in f32.
    let int = Array::from([[0, 1], [-2, -3]]);
    close(&sorted(&linalg::eigvals(&int)), &[-2.0, 0.0, -1.0, 0.0], 1e-6);
    assert_eq!(linalg::eigvals(&int).dtype(), DType::C64);
    assert_eq!(linalg::schur(int.astype(DType::BF16), SchurOutput::Real).0.dtype(), DType::BF16);
    // Each matrix of a batch takes its own number of steps, alone or together.
    let mut rng = Rng(9);
    let x = rng.array(&[2, 3, 6, 6], -1.0, 1.0);
    let x = concatenate([&x, &eye(6, DType::F64).broadcast_to([2, 1, 6, 6])], 1);
    let whole = linalg::eigvals(&x);
    let mapped = vmap(|x: &Array| vmap(|x: &Array| linalg::eigvals(x), x, 0), &x, 0);
    assert_eq!(numbers(&whole), numbers(&mapped));
    let compiled = jit(|x: &Array| linalg::eigvals(x));
    assert_eq!(numbers(&linalg::eigvals(a())), numbers(&compiled.call(&a())));
    let single = linalg::eigvals(x.at((1, 2)).get());
    close(&numbers(&whole.at((1, 2)).get()), &numbers(&single), 1e-13);
    // A matrix with NaN does not spoil its neighbours.
    let bad = x.at((0, 1, 3, 4)).set(f64::NAN);
    let w = linalg::eigvals(&bad);
    assert!(w.at((0, 1)).get().is_nan().all(..).item::<bool>());
    assert_eq!(numbers(&w.at((1, 2)).get()), numbers(&whole.at((1, 2)).get()));
    let bad = Array::from([[f64::INFINITY, 1.0], [0.0, 1.0]]);
    assert!(linalg::eig(&bad).1.is_nan().all(..).item::<bool>());
}

#[test]
#[rustfmt::skip]
fn derivatives_of_eigenvalues_as_in_jax() {
    let loss = |a: &Array| linalg::eigvals(a).abs().powi(3).sum(..);
    close(&numbers(&grad(loss, &a())), &[29.75324056461848, -24.919715894676045, -15.076731819027042, 27.18272322061914, 29.253097475219672, -19.023407982559878, 7.7977590241690695, 29.105757601666507, 19.1490501457111, 36.687044289937326, 13.284178300350604, 12.69856031022119, 25.288229483210817, 44.03786496768371, 22.46930619092499, 38.587071022017874], 1e-12);
    close(&numbers(&grad(loss, &c())), &[-1.5822601546994672, 13.408745218995254, 26.837836051976545, -31.772621064317573, 4.4498548048031115, -31.10079178343232, 4.884606580302162, 14.076650558141502, -3.990009971079739, -13.534396719499602, 15.594386912303214, -11.10957574794255, 38.11825808637296, -12.32629382292053, -6.064484943554106, 0.4873067272110241, 0.39692666677611754, 22.96244094580389], 1e-11);
    check_grad("eigvals", &|x: &[Array]| linalg::eigvals(&x[0]).abs().powi(3).sum(..), &[a()]);
    let t = a().t();
    let (_, dw) = jvp(|x: &Array| linalg::eigvals(x), &a(), &t);
    // The trace is the sum of the eigenvalues.
    close(&numbers(&dw.sum(..)), &[4.25, 0.0], 1e-12);
    let text = message(|| {
        let _ = grad(|x: &Array| linalg::eig(x).1.abs().sum(..), &a());
    });
    assert!(text.contains("eigvals"), "{text}");
    let text = message(|| {
        let _ = grad(|x: &Array| linalg::schur(x, SchurOutput::Real).0.sum(..), &a());
    });
    assert!(text.contains("Schur"), "{text}");
}

#[test]
#[rustfmt::skip]
fn reflections_as_lapack_has_them() {
    let (h, q) = linalg::hessenberg(a());
    close(&numbers(&h), &[1.0, 1.5617376188860606, 2.2930946748820533, 2.5105163655677822, -3.2015621187164243, 1.536585365853659, 0.26780131759648185, 2.9363354570822553, 0.0, -2.9194266140644465, -2.469296632844882, 2.7623344841947812, 0.0, 0.0, 2.2938131985289623, 4.182711266991225], 1e-14);
    close(&numbers(&q), &[1.0, 0.0, 0.0, 0.0, 0.0, -0.1561737618886061, 0.9876942639463527, -0.008354463778927516, 0.0, -0.9370425713316365, -0.14547940611627252, 0.3174696235992536, 0.0, 0.31234752377721214, 0.057408913624358515, 0.9482316389082969], 1e-14);
    let (packed, taus) = linalg::hessenberg_packed(a());
    close(&numbers(&packed), &[1.0, 1.5617376188860606, 2.2930946748820533, 2.5105163655677822, -3.2015621187164243, 1.536585365853659, 0.26780131759648185, 2.9363354570822553, 0.8104686356149273, -2.9194266140644465, -2.469296632844882, 2.7623344841947812, -0.27015621187164246, -0.16662121370468852, 2.2938131985289623, 4.182711266991225], 1e-14);
    close(&numbers(&taus), &[1.156173761888606, 1.945974628621563, 0.0], 1e-14);
    let (packed, taus) = linalg::hessenberg_packed(c());
    close(&numbers(&packed), &[1.0, 0.0, 0.8944271909999162, -1.0434983894999021, 1.6213840157867323, 2.3414151670437255, -3.3541019662496843, 0.0, 0.5333333333333332, -0.7444444444444445, -0.3897782012475499, -0.26559760848828007, 0.6662191224223334, 0.432323570318946, -4.412132543367995, 0.0, -2.2833333333333328, -0.7555555555555546], 1e-14);
    close(&numbers(&taus), &[1.149071198499986, -0.29814239699997197, 1.2014193929656838, 0.9795050934718692], 1e-14);
    let tall = a().slice([(..).into(), (..3).into()]);
    let (packed, taus) = linalg::qr_raw(&tall);
    close(&numbers(&packed), &[-3.3541019662496847, -0.5962847939999438, -0.22360679774997905, 0.11483424225608217, 3.5559027608252234, -2.216971009495163, 0.689005453536493, 0.1347537234053204, 3.6190522990222167, -0.22966848451216434, -0.4435026932666292, -0.9822427199750127], 1e-14);
    close(&numbers(&taus), &[1.298142396999972, 1.6462894380347564, 1.0179149152197897], 1e-14);
    close(&numbers(&linalg::householder_product(&packed, &taus)), &[-0.2981423969999719, 0.5124499585020532, 0.019181827012596738, -0.14907119849998599, -0.5874426353560123, 0.7361936645847272, -0.8944271909999159, 0.13123718449442828, 0.09420947950490577, 0.29814239699997197, 0.6124401943073319, 0.6699070978196777], 1e-14);
    let right = arange(8, DType::F64).reshape([4, 2]);
    let product = linalg::ormqr(&packed, &taus, &right, true, false);
    close(&numbers(&product), &[-3.728794652129039, -4.300375576478284, -0.03717491175112647, -0.33867246425206643, 3.141401316916497, 2.889435628233919, 5.6768218427448875, 7.552697042347122], 1e-14);
    let (q, _) = linalg::qr_full(&tall);
    let other = linalg::ormqr(&packed, &taus, right.t(), false, true);
    close(&numbers(&other), &numbers(&right.t().matmul(q.t())), 1e-13);
    use linalg::QrSide::*;
    let (reduced, r) = linalg::qr(&tall);
    let (cq, again) = linalg::qr_multiply(&tall, right.t(), Right, false);
    close(&numbers(&cq), &numbers(&right.t().matmul(&reduced)), 1e-14);
    close(&numbers(&again), &numbers(&r), 0.0);
    let (qc, _) = linalg::qr_multiply(&tall, Array::from([1.0, 2.0, 3.0]), Left, true);
    close(&numbers(&qc), &numbers(&reduced.matmul(Array::from([1.0, 2.0, 3.0]))), 1e-14);
}

#[test]
#[rustfmt::skip]
fn tridiagonal_form_as_lapack_has_it() {
    let s = a() + a().t();
    let h = c() + adjoint(&c());
    let parts = |x: &Array, lower| {
        let (packed, d, e, taus) = linalg::tridiagonal(x, lower);
        [packed, d, e, taus].map(|x| numbers(&x))
    };
    let [packed, d, e, taus] = parts(&s, true);
    close(&packed, &[2.0, 2.5, 2.0, 2.0, -3.774917217635375, 6.245614035087719, 5.0, 3.0, 0.3187293044088437, 4.293122618321466, 2.6414054365398165, -1.0, 0.3187293044088437, 0.8793065903927484, -6.989478415973451, -2.3870194716275357], 1e-13);
    close(&d, &[2.0, 6.245614035087719, 2.6414054365398165, -2.3870194716275357], 1e-13);
    close(&e, &[-3.774917217635375, 4.293122618321466, -6.989478415973451], 1e-13);
    close(&taus, &[1.662266178532522, 1.127917024707176, 0.0], 1e-13);
    let [packed, d, e, taus] = parts(&h, true);
    close(&packed, &[2.0, 0.0, 2.5, 2.0, 2.0, 1.0, -3.905124837953328, 0.0, 2.2622950819672134, 0.0, 5.0, -1.0, 0.32892935839127596, -0.05341680168200669, 3.8683314458848685, 0.0, -5.762295081967218, 0.0], 1e-13);
    close(&d, &[2.0, 2.2622950819672134, -5.762295081967218], 1e-13);
    close(&e, &[-3.905124837953328, 3.8683314458848685], 1e-13);
    close(&taus, &[1.6401843996644798, -0.5121475197315838, 1.851933085493271, -0.523650663937243], 1e-13);
    let [packed, d, e, taus] = parts(&s, false);
    close(&packed, &[0.24628344895936516, 2.6588387971426317, 0.7673647032626785, -0.42179344411906794, 2.5, 0.7894308367549208, -5.894804872919538, -0.632690166178602, 2.0, 5.0, -2.5357142857142847, 3.7416573867739413, 2.0, 3.0, -1.0, 10.0], 1e-13);
    close(&d, &[0.24628344895936516, 0.7894308367549208, -2.5357142857142847, 10.0], 1e-13);
    close(&e, &[2.6588387971426317, -5.894804872919538, 3.7416573867739413], 1e-13);
    close(&taus, &[0.0, 1.2587731866586547, 1.2672612419124243], 1e-13);
    let [packed, d, e, taus] = parts(&h, false);
    close(&packed, &[-1.3225806451612891, 0.0, 4.375607583795344, 0.0, 0.17870030005315787, 0.11153733747120613, 2.5, -2.0, -0.67741935483871, 0.0, -5.567764362830022, 0.0, 2.0, -1.0, 5.0, 1.0, 0.5, 0.0], 1e-13);
    close(&d, &[-1.3225806451612891, -0.67741935483871, 0.5], 1e-13);
    close(&e, &[4.375607583795344, -5.567764362830022], 1e-13);
    close(&taus, &[1.8938362445100834, 0.4483935414344302, 1.8980265101338745, -0.17960530202677488], 1e-13);
    // The other triangle is not read.
    let spoiled = where_(ones([4, 4], DType::F64).triu(1).ne(0.0), f64::NAN, &s);
    close(&numbers(&linalg::tridiagonal(&spoiled, true).1), &[2.0, 6.245614035087719, 2.6414054365398165, -2.3870194716275357], 1e-13);
    let (d, e) = (Array::from([1.0, 2.0, 3.0, 4.0]), Array::from([0.5, -1.0, 2.0]));
    let (w, v) = linalg::eigh_tridiagonal(&d, &e, None);
    let want = [0.5875622478550293, 1.1645693696177102, 2.5771823752799983, 5.670686007247262];
    close(&numbers(&w), &want, 1e-13);
    let whole = d.diag(0) + e.diag(1) + e.diag(-1);
    assert!(size(&(whole.matmul(&v) - &v * &w), &whole) < 1e-13);
    let (w, v) = linalg::eigh_tridiagonal(&d, &e, Some(1..=2));
    close(&numbers(&w), &want[1..3], 1e-13);
    assert_eq!(v.shape(), [4, 2]);
}

#[test]
#[rustfmt::skip]
fn tridiagonal_systems() {
    let [dl, d, du] = [[0.0, 1.0, 2.0, 3.0], [1e-3, 2.0, 0.0, 1.0], [4.0, 5.0, 6.0, 0.0]].map(Array::from);
    let b = arange(8, DType::F64).reshape([4, 2]);
    let solve = |dl: &Array, d: &Array, du: &Array, b: &Array| linalg::tridiagonal_solve(dl, d, du, b);
    close(&numbers(&solve(&dl, &d, &du, &b)), &[-6.893292937154293, -7.9217277705200555, 0.0017233232342885733, 0.25198043194263003, 1.7779692581371431, 2.083553381326959, 0.6660922255885705, 0.7493398560191233], 1e-12);
    // The places beyond the matrix are not read.
    let (edge, end) = (dl.at(0).set(f64::NAN), du.at(3).set(f64::INFINITY));
    close(&numbers(&solve(&edge, &d, &end, &b)), &[-6.893292937154293, -7.9217277705200555, 0.0017233232342885733, 0.25198043194263003, 1.7779692581371431, 2.083553381326959, 0.6660922255885705, 0.7493398560191233], 1e-12);
    let full = |dl: &Array, d: &Array, du: &Array| {
        d.diag(0) + dl.slice([(1..).into()]).diag(-1) + du.slice([(..3).into()]).diag(1)
    };
    let loss = |x: Array| x.sin().sum(..);
    let args = (&dl, &d, &du, &b);
    let got = grad(|(dl, d, du, b): (&Array, &Array, &Array, &Array)| loss(solve(dl, d, du, b)), args);
    let want = grad(
        |(dl, d, du, b): (&Array, &Array, &Array, &Array)| loss(linalg::solve(full(dl, d, du), b)),
        args,
    );
    for (got, want) in [(got.0, want.0), (got.1, want.1), (got.2, want.2), (got.3, want.3)] {
        close(&numbers(&got), &numbers(&want), 1e-10);
    }
    // A batch, complex numbers, and one row.
    let mut rng = Rng(4);
    let mut line = || complex(rng.array(&[3, 5], -1.0, 1.0), rng.array(&[3, 5], -1.0, 1.0));
    let (dl, d, du, b) = (line(), line(), line(), line().expand_dims(-1));
    let x = solve(&dl, &d, &du, &b).squeeze(-1);
    let next = x.at((Ellipsis, 1..)).get().pad(&[(0, 0), (0, 1)], 0);
    let before = x.at((Ellipsis, ..-1)).get().pad(&[(0, 0), (1, 0)], 0);
    let off = &dl * before + &d * &x + &du * next - b.squeeze(-1);
    assert!(size(&off, &x) < 1e-13);
    let mapped = vmap(|(dl, d, du, b): (&Array, &Array, &Array, &Array)| solve(dl, d, du, b), (&dl, &d, &du, &b), 0);
    close(&numbers(&mapped.squeeze(-1)), &numbers(&x), 1e-14);
    let one = Array::from([4.0]);
    assert_eq!(numbers(&solve(&one, &one, &one, &Array::from([[2.0]]))), [0.5]);
    assert_eq!(solve(&zeros([0], DType::F64), &zeros([0], DType::F64), &zeros([0], DType::F64), &zeros([0, 2], DType::F64)).shape(), [0, 2]);
}

#[test]
#[rustfmt::skip]
fn functions_of_matrices() {
    let root = linalg::sqrtm(a());
    // Of the two roots of the negative eigenvalue that of SciPy.
    close(&numbers(&root), &[1.1786952158582509, -0.2182186555977208, 0.5380924203459299, -0.5101096014096002, -0.47569787066966923, 0.4687003080080231, 0.832638387418399, 0.26007479800623945, 0.25542971239607937, 0.656764647957051, 0.3228093075914054, 1.53525807347512, 1.2291723465300572, -1.41063004876044, 0.14421015868147907, -0.7827375376647359, 1.0881926466105478, -0.10644637923276576, 0.30701109045181524, -0.24882987173205, 0.9881362778576489, 0.22863054763158963, -0.7996915411714316, 0.1268636748843863, -0.4711175224786838, -0.17633478327794647, 0.5313615167049482, -0.4122015405428102, 0.23095928024788603, 0.37874015403733735, 2.4226718334664086, 0.21015725267333607], 1e-12);
    assert!(size(&(root.matmul(&root) - a()), &a()) < 1e-13);
    // A root of a positive matrix is real, and its derivative that of the equation.
    let s = a().matmul(a().t()) + eye(4, DType::F64);
    let real = |x: &[Array]| linalg::sqrtm(&x[0]).real();
    check_grad("sqrtm", &real, &[s]);
    assert_eq!(numbers(&linalg::sqrtm(zeros([2, 2], DType::F64))), [0.0; 8]);
    let sin = linalg::funm(a(), |x| x.sin());
    close(&numbers(&sin.real()), &[2.9115103034822014, -0.2674538139720608, -3.4043999657924227, -2.616659799797288, -0.28996237306362527, 0.11272254948738206, 2.6701310810055254, -0.6148102163760639, 2.016777665234755, 0.4015939263705934, 2.5302353350939737, -2.562858715459031, -1.7111881977346666, -0.6120628963701945, -2.284904070580165, 1.1586665153877778], 1e-12);
    assert!(size(&sin.imag(), &a()) < 1e-13);
    let exp = linalg::funm(c(), |x| x.exp());
    close(&numbers(&exp), &numbers(&linalg::expm(c())), 1e-11);
    let b = Array::from([[2.0, 1.0], [0.5, 7.0]]);
    let q = arange(8, DType::F64).reshape([4, 2]);
    let x = linalg::solve_sylvester(a(), &b, &q, 1e-8);
    close(&numbers(&x), &[-1.8731505494516891, 0.4291163689537996, 4.743777752102172, -1.1544062971014892, 1.1249228700119953, 0.7455426503662197, -0.9859130567713962, 0.8315249474634959], 1e-12);
    let f = |x: &[Array]| linalg::solve_sylvester(&x[0], &x[1], &x[2], 1e-8);
    check_grad("solve_sylvester", &f, &[a(), b.clone(), q.clone()]);
    // A batch of right sides, and an equation without one solution.
    let many = stack([&q, &(&q * 2.0)], 0);
    let both = linalg::solve_sylvester(a(), &b, &many, 1e-8);
    close(&numbers(&both.at(1).get()), &numbers(&(&x * 2.0)), 1e-12);
    let none = linalg::solve_sylvester(&b, -&b, &b, 1e-8);
    assert!(none.is_nan().all(..).item::<bool>());
    let s = a() + a().t();
    let (exp, derivative) = linalg::expm_frechet(&(a() / 4.0), &(&s / 8.0));
    close(&numbers(&derivative), &[0.681684242804597, 0.8223804649253402, 0.7794076360370932, 2.1621051015464583, 0.6563108216230733, 0.3102837111674648, 0.6488541050856467, 0.9296652644311536, 0.6025990717421709, 0.5813760802788047, 0.5066322074795385, -0.24010151070589633, 0.4781834322474598, 1.401335831421304, 0.7840929571442555, 4.5959699290711855], 1e-13);
    close(&numbers(&exp), &numbers(&linalg::expm(&(a() / 4.0))), 0.0);
}

#[test]
#[rustfmt::skip]
fn updates_and_products() {
    let s = a() + a().t();
    let r = linalg::cholesky(&(s.matmul(&s) + eye(4, DType::F64))).t();
    let new = linalg::cholesky_update(&r, Array::from([1.0, -2.0, 0.0, 0.5]));
    close(&numbers(&new), &[4.5, 1.9999999999999998, 3.444444444444444, 6.666666666666666, 0.0, 7.566372975210777, -2.9589988442600133, 0.4846003070003989, 0.0, 1.2607896556243357e-17, 3.2603877543635367, -3.9961600264211965, 0.0, 9.484323521970053e-18, 7.306609803729374e-17, 7.3892775791171905], 1e-12);
    let b = Array::from([[2.0, 1.0], [0.5, 7.0]]);
    let rows = a().slice([(..2).into()]);
    let product = linalg::symmetric_product(&rows, &b + b.t(), 2.0, -1.0, true);
    close(&numbers(&product), &[26.0, -10.5, -10.5, 28.5], 1e-14);
    let found = linalg::qdwh(a(), 10);
    close(&numbers(&found.u), &[0.5861785759029631, -0.0206349593030544, -0.4521318044650413, 0.6719715075790944, 0.2717148745236082, -0.5407431922507763, 0.7544814549591923, 0.2540188204045519, 0.6903980923754922, 0.535846970154462, 0.27120033658990694, -0.4033222979877079, -0.325447658094624, 0.6481041760899897, 0.39087714559355724, 0.5667978968098536], 1e-13);
    close(&numbers(&found.h), &[3.118677948385868, 0.6684301789449538, 0.34783278719071864, -0.977783872991607, 0.6684301789449538, 2.8722717882298854, -1.3602718910714455, 1.5661788699810848, 0.34783278719071864, -1.3602718910714455, 3.9287348540428444, 0.8100710963520403, -0.977783872991607, 1.5661788699810848, 0.8100710963520403, 5.910567423166519], 1e-13);
    assert!(found.is_converged.item::<bool>());
    let few = linalg::qdwh(a(), 2);
    assert!(!few.is_converged.item::<bool>() && few.num_iters.item::<i32>() == 2);
    let tall = c().slice([(..).into(), (..2).into()]);
    let found = linalg::qdwh(&tall, 10);
    assert!(orthonormal(&found.u) < 1e-14 && size(&(found.u.matmul(&found.h) - &tall), &tall) < 1e-14);
    // Almost singular.
    let flat = Array::from([[1.0, 1.0], [1.0, 1.0 + 1e-10]]);
    let found = linalg::qdwh(&flat, 10);
    assert!(orthonormal(&found.u) < 1e-14 && size(&(found.u.matmul(&found.h) - &flat), &flat) < 1e-14);
}
