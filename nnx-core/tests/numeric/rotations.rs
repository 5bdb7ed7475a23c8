//! Rotations and interpolation on grids: JAX's numbers, derivatives, batches, mistakes.

#![allow(clippy::approx_constant, reason = "numbers of SciPy")]

use crate::check::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, grad, jit, vmap};

fn quats() -> Array {
    Array::from([
        [1.0, 2.0, 3.0, 4.0],
        [0.1, -0.2, 0.3, -0.9],
        [0.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, -2.0, 0.0],
    ])
}

fn first(n: i32) -> Rotation {
    Rotation::from_quat(quats().slice([(..n).into()]))
}

#[track_caller]
fn near(x: &Array, want: &[f64]) {
    close(&x.to_vec::<f64>(), want, 1e-13);
}

#[test]
#[rustfmt::skip]
fn forms_of_rotations_as_in_jax() {
    let r = first(5);
    near(&r.as_quat(false, false), &[0.18257418583505536, 0.3651483716701107, 0.5477225575051661, 0.7302967433402214, 0.1025978352085154, -0.2051956704170308, 0.3077935056255462, -0.9233805168766386, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0]);
    near(&r.as_quat(true, false), &[0.18257418583505536, 0.3651483716701107, 0.5477225575051661, 0.7302967433402214, -0.1025978352085154, 0.2051956704170308, -0.3077935056255462, 0.9233805168766386, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -0.0, -0.0, 1.0, -0.0]);
    near(&r.as_quat(false, true), &[0.7302967433402214, 0.18257418583505536, 0.3651483716701107, 0.5477225575051661, -0.9233805168766386, 0.1025978352085154, -0.2051956704170308, 0.3077935056255462, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0]);
    near(&r.as_matrix(), &[0.1333333333333333, -0.6666666666666666, 0.7333333333333332, 0.9333333333333332, 0.33333333333333326, 0.13333333333333336, -0.33333333333333326, 0.6666666666666665, 0.6666666666666665, 0.726315789473684, 0.5263157894736841, 0.4421052631578946, -0.6105263157894736, 0.7894736842105261, 0.06315789473684208, -0.31578947368421045, -0.31578947368421045, 0.8947368421052629, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0, -1.0, 0.0, 0.0, 0.0, -1.0, -0.0, -0.0, 0.0, 1.0]);
    near(&r.as_rotvec(false), &[0.40198233641094805, 0.8039646728218961, 1.2059470092328441, -0.2106024073901632, 0.4212048147803264, -0.6318072221704896, 0.0, 0.0, 0.0, 3.141592653589793, 0.0, 0.0, 0.0, 0.0, -3.141592653589793]);
    near(&r.as_rotvec(true), &[23.031891315155363, 46.063782630310726, 69.09567394546609, -12.066629098751129, 24.133258197502258, -36.19988729625339, 0.0, 0.0, 0.0, 180.0, 0.0, 0.0, 0.0, 0.0, -180.0]);
    near(&r.as_mrp(), &[0.10551611250369007, 0.21103222500738014, 0.3165483375110702, -0.05334245320064027, 0.10668490640128055, -0.16002735960192083, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0]);
    near(&r.magnitude(), &[1.5040801783846713, 0.7880020532837791, 0.0, 3.141592653589793, 3.141592653589793]);
    near(&Rotation::from_matrix(r.as_matrix()).as_quat(false, false), &[0.18257418583505536, 0.3651483716701107, 0.5477225575051662, 0.7302967433402214, -0.1025978352085154, 0.2051956704170308, -0.3077935056255462, 0.9233805168766387, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let v = Array::from([[0.1, 0.2, -0.3], [0.0, 0.0, 0.0], [1e-5, 0.0, 2e-5], [3.0, 0.0, 0.0]]);
    near(&Rotation::from_rotvec(&v, false).as_quat(false, false), &[0.049708843324859475, 0.09941768664971895, -0.14912652997457843, 0.9825509821552589, 0.0, 0.0, 0.0, 1.0, 4.999999999895834e-06, 0.0, 9.999999999791668e-06, 0.9999999999375, 0.9974949866040546, 0.0, 0.0, 0.0707372016677029]);
    let v = v.slice([(..2).into()]);
    near(&Rotation::from_mrp(&v).as_quat(false, false), &[0.17543859649122806, 0.3508771929824561, -0.5263157894736842, 0.7543859649122806, 0.0, 0.0, 0.0, 1.0]);
    near(&v.deg2rad(), &Rotation::from_rotvec(&v, true).as_rotvec(false).to_vec::<f64>());
    near(&Rotation::identity(DType::F64).as_quat(false, false), &[0.0, 0.0, 0.0, 1.0]);
}

#[test]
#[rustfmt::skip]
fn angles_of_euler_as_in_jax() {
    let angles = Array::from([[10.0, 20.0, 30.0], [-100.0, 50.0, 170.0]]);
    let cases: [(&str, [f64; 6], [f64; 8]); 6] = [
        ("xyz", [0.7853981633974483, 0.3398369094541218, 1.4288992721907325, -0.3392926144540449, 0.3212885892648103, -0.6989996140390016], [0.03813457647485015, 0.18930785741199999, 0.2392983377447303, 0.9515485246437885, -0.33112985328316397, -0.6679539421166291, 0.6085627675027444, -0.2717386786692793]),
        ("XYZ", [-0.19739555984988089, 0.8232119771258759, 1.3734007669450161, -0.07047134457879567, 0.4579444204670944, -0.6270706625890181], [0.12767944069578063, 0.14487812541736914, 0.2685358227515692, 0.943714364147489, 0.21011026195305998, 0.7153063164452634, 0.5521304052787287, 0.3732861731195947]),
        ("zxz", [-0.46364760900080615, 0.8410686705679304, 1.7506498265873747, -2.356194490192345, 0.46295472794035675, 1.7126933813990606], [0.17101007166283433, 0.0301536896070458, 0.33682408883346515, 0.9254165783983234, -0.2988362387301199, 0.2988362387301199, 0.5198367907256846, 0.742403876506104]),
        ("ZYX", [1.4288992721907325, 0.3398369094541218, 0.7853981633974483, -0.6989996140390016, 0.3212885892648103, -0.3392926144540449], [0.2392983377447303, 0.18930785741199999, 0.03813457647485015, 0.9515485246437885, 0.6085627675027444, -0.6679539421166291, -0.33112985328316397, -0.2717386786692793]),
        ("yzx", [1.3909428270024184, 0.7297276562269666, 1.1071487177940904, 0.5467888408892474, -0.554261834452328, -0.3805063771123649], [0.2392983377447303, 0.03813457647485015, 0.18930785741199999, 0.9515485246437885, 0.6085627675027444, -0.33112985328316397, -0.6679539421166291, -0.2717386786692793]),
        ("YXY", [-0.7853981633974483, 1.2309594173407747, 1.7126933813990606, 2.1112158270654806, 0.6608452958229667, -1.6738779353175968], [0.17101007166283433, 0.33682408883346515, 0.0301536896070458, 0.9254165783983234, -0.2988362387301199, 0.5198367907256846, 0.2988362387301199, 0.742403876506104]),
    ];
    for (seq, of_quats, of_angles) in cases {
        near(&first(2).as_euler(seq, false), &of_quats);
        let r = Rotation::from_euler(seq, &angles, true);
        near(&r.as_quat(false, false), &of_angles);
        let back = Rotation::from_euler(seq, r.as_euler(seq, true), true);
        near(&back.as_matrix(), &r.as_matrix().to_vec::<f64>());
    }
    let one = Rotation::from_euler("y", Array::scalar(90.0), true);
    near(&one.as_quat(false, false), &[0.0, 0.7071067811865475, 0.0, 0.7071067811865476]);
    let two = Rotation::from_euler("yx", Array::from([[0.1, 0.2], [0.3, 0.4]]), false);
    near(&two.as_quat(false, false), &[0.09970865087213879, 0.04972948160146045, 0.0049895912294619805, 0.9937606691655043, 0.19643848836306482, 0.1464593190923865, 0.029688773773793663, 0.9690614866211725]);
    // Where the first and the last axis meet, the rotation comes back.
    for (seq, angles) in [("xyz", [0.3, 0.5 * std::f64::consts::PI, 0.2]), ("ZXZ", [0.4, 0.0, -1.0])] {
        let r = Rotation::from_euler(seq, Array::from(angles), false);
        let back = Rotation::from_euler(seq, r.as_euler(seq, false), false);
        close(&back.as_matrix().to_vec::<f64>(), &r.as_matrix().to_vec::<f64>(), 1e-7);
    }
}

#[test]
#[rustfmt::skip]
fn rotations_compose_and_turn_as_in_jax() {
    let r = first(5);
    let next = Rotation::from_quat(quats().slice([(1..3).into()]));
    near(&(&first(2) * &next).as_quat(false, false), &[0.13112201362143716, -0.48702462202248087, -0.3559026084010437, -0.786732081728623, 0.10259783520851543, -0.20519567041703085, 0.30779350562554625, -0.9233805168766388]);
    let v = Array::from([1.0, 2.0, 3.0]);
    near(&r.apply(&v, false), &[0.9999999999999996, 1.9999999999999998, 2.999999999999999, 3.105263157894736, 1.1578947368421049, 1.7368421052631575, 1.0, 2.0, 3.0, 1.0, -2.0, -3.0, -1.0, -2.0, 3.0]);
    near(&r.apply(&v, true), &[1.0, 1.9999999999999996, 2.9999999999999996, -1.4421052631578946, 1.1578947368421049, 3.2526315789473674, 1.0, 2.0, 3.0, 1.0, -2.0, -3.0, -1.0, -2.0, 3.0]);
    near(&r.inv().as_quat(false, false), &[-0.18257418583505536, -0.3651483716701107, -0.5477225575051661, 0.7302967433402214, -0.1025978352085154, 0.2051956704170308, -0.3077935056255462, -0.9233805168766386, -0.0, -0.0, -0.0, 1.0, -1.0, -0.0, -0.0, 0.0, -0.0, -0.0, 1.0, 0.0]);
    near(&(&r * &r.inv()).magnitude(), &[0.0; 5]);
    near(&first(3).mean(None).as_matrix(), &[0.9126821301393918, -0.12483215322884053, 0.3891378455566524, 0.14284965858191687, 0.989588126042201, -0.01758737727217839, -0.38289072118197315, 0.0716398933314074, 0.9210116293056306]);
    let weights = Array::from([1.0, 2.0, 0.5]);
    near(&first(3).mean(Some(&weights)).as_matrix(), &[0.8852616023278801, 0.1108612769485235, 0.45168758308948165, -0.12999629700331367, 0.9914484757354824, 0.01144039890978795, -0.44655666853077103, -0.06884545907415818, 0.8921028217394943]);
    let slerp = Slerp::new(Array::from([0.0, 1.0, 3.0]), &first(3));
    let found = slerp.call(Array::from([-0.5, 0.0, 0.25, 1.0, 2.5, 3.0]));
    near(&found.as_quat(false, false), &[0.277442558076326, 0.32269195702702974, 0.8323276742289779, 0.355142465147032, 0.18257418583505539, 0.36514837167011077, 0.5477225575051662, 0.7302967433402215, 0.11737471475021058, 0.35437534902472734, 0.3521241442506318, 0.8582830974548372, -0.1025978352085155, 0.20519567041703085, -0.30779350562554647, 0.9233805168766387, 0.026282752239697015, -0.05256550447939399, 0.07884825671909108, -0.9951527707271351, -8.677785720028545e-18, 2.8003236544865743e-17, -1.3215896034757563e-18, -1.0]);
    // Beyond the last time the last turn goes on.
    let turn = slerp.call(Array::scalar(5.0)).magnitude().item::<f64>();
    assert!((turn - slerp.call(Array::scalar(1.0)).magnitude().item::<f64>()).abs() < 1e-12);
    let one = slerp.call(Array::scalar(0.25));
    assert!(one.single());
    near(&one.as_quat(false, false), &[0.11737471475021058, 0.35437534902472734, 0.3521241442506318, 0.8582830974548372]);
    let both = Rotation::concatenate(&[&first(2), &r.take(Array::from([0]))]);
    near(&both.magnitude(), &r.take(Array::from([0, 1, 0])).magnitude().to_vec::<f64>());
}

#[test]
#[rustfmt::skip]
fn rotations_have_derivatives_and_batches() {
    let weights = arange(9, DType::F64).reshape([3, 3]);
    let loss = |v: &Array| (Rotation::from_rotvec(v, false).as_matrix() * &weights).sum(..);
    let v = Array::from([0.1, 0.2, -0.3]);
    near(&grad(loss, &v), &[0.030196244540021566, -6.963533050320231, 4.561206465272599]);
    // At rest, where angles divide by zero.
    let g = grad(|v: &Array| Rotation::from_rotvec(v, false).as_rotvec(false).sum(..), &zeros([3], DType::F64));
    near(&g, &[1.0, 1.0, 1.0]);
    for seq in ["xyz", "ZXZ"] {
        let f = |x: &[Array]| Rotation::from_quat(&x[0]).as_euler(seq, false);
        check_grad(seq, &f, &[quats().slice([(..2).into()])]);
    }
    let f = |x: &[Array]| Rotation::from_matrix(&x[0]).as_quat(false, false);
    check_grad("from_matrix", &f, &[first(2).as_matrix()]);
    let many = stack([&quats(), &quats().flip(0)], 0);
    let whole = Rotation::from_quat(&many).as_matrix();
    let mapped = vmap(|q: &Array| Rotation::from_quat(q).as_matrix(), &many, 0);
    near(&mapped, &whole.to_vec::<f64>());
    let compiled = jit(|q: &Array| Rotation::from_quat(q).as_matrix());
    near(&compiled.call(&many), &whole.to_vec::<f64>());
    let half = Rotation::from_quat(quats().astype(DType::F16)).as_rotvec(false);
    assert_eq!(half.dtype(), DType::F16);
}

#[test]
fn rotations_tell_mistakes() {
    let cases: [(fn(), &str); 8] = [
        (|| drop(Rotation::from_quat(zeros([3], DType::F32))), "needs 4 real numbers"),
        (|| drop(Rotation::from_matrix(zeros([3], DType::F32))), "needs real matrices"),
        (|| drop(Rotation::from_euler("xY", zeros([2], DType::F32), false)), "letters of `xyz`"),
        (|| drop(Rotation::from_euler("xx", zeros([2], DType::F32), false)), "must differ"),
        (
            || drop(Rotation::from_euler("xy", zeros([3], DType::F32), false)),
            "needs 2 real numbers",
        ),
        (|| drop(first(1).as_euler("xy", false)), "needs 3 letters"),
        (|| drop(Slerp::new(zeros([3], DType::F32), &first(2))), "needs 2 times"),
        (|| drop(first(2).mean(Some(&zeros([3], DType::F32)))), "needs 2 weights"),
    ];
    for (f, what) in cases {
        let text = message(f);
        assert!(text.contains(what), "{text}\nlacks {what}");
    }
}

fn grid() -> (Array, Array, Array) {
    let x = Array::from([0.0, 1.0, 2.5, 3.0]);
    let y = Array::from([-1.0, 0.0, 4.0]);
    (x, y, arange(12, DType::F64).sin().reshape([4, 3]))
}

/// Six points inside, at edges and between, and two outside.
fn points() -> Array {
    Array::from([
        [0.0, -1.0],
        [0.3, 1.0],
        [2.5, 0.0],
        [2.9, 3.9],
        [3.0, 4.0],
        [1.75, -0.5],
        [-0.1, 0.0],
        [1.0, 5.0],
    ])
}

#[test]
#[rustfmt::skip]
fn interpolation_on_grids_as_in_jax() {
    let (x, y, v) = grid();
    let f = || RegularGridInterpolator::new([&x, &y], &v);
    near(&f().call(points()), &[0.0, 0.3586994346746206, 0.6569865987187891, -0.5946629922421823, -0.9999902065507035, -0.05952784668204944, f64::NAN, f64::NAN]);
    near(&f().method(InterpolationMethod::Nearest).call(points()), &[0.0, 0.8414709848078965, 0.6569865987187891, -0.9999902065507035, -0.9999902065507035, 0.1411200080598672, f64::NAN, f64::NAN]);
    near(&f().fill_value(None).call(points()), &[0.0, 0.3586994346746206, 0.6569865987187891, -0.5946629922421823, -0.9999902065507035, -0.05952784668204944, 1.001298332819479, -1.009454719501941]);
    near(&f().fill_value(-1.0).call(points()), &[0.0, 0.3586994346746206, 0.6569865987187891, -0.5946629922421823, -0.9999902065507035, -0.05952784668204944, -1.0, -1.0]);
    let inside = points().slice([(..6).into()]);
    let v2 = arange(24, DType::F64).cos().reshape([4, 3, 2]);
    let vectors = RegularGridInterpolator::new([&x, &y], &v2);
    let found = vectors.call(inside.reshape([2, 3, 2]));
    assert_eq!(found.shape(), [2, 3, 2]);
    near(&found, &[1.0, 0.5403023058681398, -0.4285325951260538, -0.6747775598341177, 0.1367372182078336, -0.7596879128588213, -0.95786771592357, -0.4840196315488909, -0.9999608263946371, -0.5328330203333975, 0.4488153574455196, -0.0023672847374993644]);
    let total = |x: &Array, v: &Array, p: &Array| {
        RegularGridInterpolator::new([x, &y], v).call(p).sum(..)
    };
    near(&grad(|p: &Array| total(&x, &v, p), &inside), &[0.1411200080598672, 0.8414709848078965, -1.6657605354590734, -0.0032895060985283497, 0.9425260626844781, 0.9364020969177149, -3.9392798691698743, -0.07457523673703706, -3.9786969063481705, -0.11399227391533343, 0.3310845292559747, 0.019239796774959753]);
    near(&grad(|v: &Array| total(&x, v, &inside), &v), &[1.0, 0.5249999999999999, 0.175, 0.25, 0.475, 0.075, 0.25, 1.2550000000000001, 0.19500000000000017, 0.0, 0.020000000000000014, 1.7799999999999998]);
    near(&grad(|x: &Array| total(x, &v, &inside), &x), &[1.0249123667614843, 0.3341858960097348, -0.32021235347848975, 7.130120801684069]);
    let mapped = vmap(|p: &Array| f().call(p), &inside, 0);
    near(&mapped, &f().call(&inside).to_vec::<f64>());
    // Integers, one axis, no points.
    let steps = RegularGridInterpolator::new([&Array::from([0, 2])], Array::from([0, 10]));
    assert_eq!(steps.call(Array::from([[0.5_f32]])).to_vec::<f32>(), [2.5]);
    assert_eq!(f().call(zeros([0, 2], DType::F64)).shape(), [0]);
    let text = message(|| {
        let (x, y, v) = grid();
        RegularGridInterpolator::new([&y, &x], &v);
    });
    assert!(text.contains("of axis 0 must be a vector"), "{text}");
    let text = message(|| {
        let (x, y, v) = grid();
        RegularGridInterpolator::new([&x, &y], &v).call(zeros([3], DType::F64));
    });
    assert!(text.contains("must have 2 real coordinates"), "{text}");
}

#[test]
fn the_nearest_codes() {
    let codes = Array::from([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]);
    let obs = Array::from([[0.9, 0.8], [1.9, 0.3], [0.5, 0.5], [-1.0, 0.0]]);
    let (code, distance) = vq(&obs, &codes);
    assert_eq!((code.dtype(), code.to_vec::<i32>()), (DType::I32, vec![1, 2, 0, 0]));
    near(&distance, &[0.05_f64.sqrt(), 0.1_f64.sqrt(), 0.5_f64.sqrt(), 1.0]);
    let (code, distance) = vq(Array::from([1, 9]), Array::from([0, 3, 8]));
    assert_eq!((code.to_vec::<i32>(), distance.to_vec::<f32>()), (vec![0, 2], vec![1.0, 1.0]));
    let text = message(|| {
        vq(zeros([2, 3], DType::F32), zeros([2, 2], DType::F32));
    });
    assert!(text.contains("matrices with equal rows"), "{text}");
}
