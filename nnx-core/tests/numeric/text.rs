//! Arrays as text: NumPy's and JAX's.

use nnx_core::array::*;
use nnx_core::{Array, DType};

#[test]
fn as_numpy_prints_them() {
    let inf = f64::INFINITY;
    #[rustfmt::skip]
    let table: Vec<(Array, &str)> = vec![
        (Array::from([1.0_f64, 2.0, 3.0]), "[1. 2. 3.]"),
        (Array::from([1.5_f64, 2.25, -3.0]), "[ 1.5   2.25 -3.  ]"),
        (Array::from([0.1_f32, 1.0 / 3.0]), "[0.1        0.33333334]"),
        (Array::from([1.0_f64 / 3.0, 1e-3, 123.456789012]), "[3.33333333e-01 1.00000000e-03 1.23456789e+02]"),
        (Array::from([1e10_f64, 1.5]), "[1.0e+10 1.5e+00]"),
        (Array::from([1e-5_f64, 1.0]), "[1.e-05 1.e+00]"),
        (Array::from([1e-300_f64, 1.0, inf]), "[1.e-300 1.e+000     inf]"),
        (Array::from([f64::NAN, 1.0, -inf]), "[ nan   1. -inf]"),
        (Array::from([f64::NAN, inf]), "[nan inf]"),
        (Array::from([0.0_f64, -0.0]), "[ 0. -0.]"),
        (Array::from([99999999.0_f64, 1e5]), "[99999999.   100000.]"),
        (Array::from([true, false]), "[ True False]"),
        (Array::from([[1, -20], [300, 4]]), "[[  1 -20]\n [300   4]]"),
        (Array::from([[1.0_f32, 2.0], [3.0, 4.5]]), "[[1.  2. ]\n [3.  4.5]]"),
        (arange(8, DType::I32).reshape([2, 2, 2]), "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]"),
        (arange(2000, DType::I32), "[   0    1    2 ... 1997 1998 1999]"),
        (arange(2000, DType::F32).reshape([20, 100]), "[[0.000e+00 1.000e+00 2.000e+00 ... 9.700e+01 9.800e+01 9.900e+01]\n [1.000e+02 1.010e+02 1.020e+02 ... 1.970e+02 1.980e+02 1.990e+02]\n [2.000e+02 2.010e+02 2.020e+02 ... 2.970e+02 2.980e+02 2.990e+02]\n ...\n [1.700e+03 1.701e+03 1.702e+03 ... 1.797e+03 1.798e+03 1.799e+03]\n [1.800e+03 1.801e+03 1.802e+03 ... 1.897e+03 1.898e+03 1.899e+03]\n [1.900e+03 1.901e+03 1.902e+03 ... 1.997e+03 1.998e+03 1.999e+03]]"),
        (arange(2000, DType::I32).reshape([10, 10, 20]), "[[[   0    1    2 ...   17   18   19]\n  [  20   21   22 ...   37   38   39]\n  [  40   41   42 ...   57   58   59]\n  ...\n  [ 140  141  142 ...  157  158  159]\n  [ 160  161  162 ...  177  178  179]\n  [ 180  181  182 ...  197  198  199]]\n\n [[ 200  201  202 ...  217  218  219]\n  [ 220  221  222 ...  237  238  239]\n  [ 240  241  242 ...  257  258  259]\n  ...\n  [ 340  341  342 ...  357  358  359]\n  [ 360  361  362 ...  377  378  379]\n  [ 380  381  382 ...  397  398  399]]\n\n [[ 400  401  402 ...  417  418  419]\n  [ 420  421  422 ...  437  438  439]\n  [ 440  441  442 ...  457  458  459]\n  ...\n  [ 540  541  542 ...  557  558  559]\n  [ 560  561  562 ...  577  578  579]\n  [ 580  581  582 ...  597  598  599]]\n\n ...\n\n [[1400 1401 1402 ... 1417 1418 1419]\n  [1420 1421 1422 ... 1437 1438 1439]\n  [1440 1441 1442 ... 1457 1458 1459]\n  ...\n  [1540 1541 1542 ... 1557 1558 1559]\n  [1560 1561 1562 ... 1577 1578 1579]\n  [1580 1581 1582 ... 1597 1598 1599]]\n\n [[1600 1601 1602 ... 1617 1618 1619]\n  [1620 1621 1622 ... 1637 1638 1639]\n  [1640 1641 1642 ... 1657 1658 1659]\n  ...\n  [1740 1741 1742 ... 1757 1758 1759]\n  [1760 1761 1762 ... 1777 1778 1779]\n  [1780 1781 1782 ... 1797 1798 1799]]\n\n [[1800 1801 1802 ... 1817 1818 1819]\n  [1820 1821 1822 ... 1837 1838 1839]\n  [1840 1841 1842 ... 1857 1858 1859]\n  ...\n  [1940 1941 1942 ... 1957 1958 1959]\n  [1960 1961 1962 ... 1977 1978 1979]\n  [1980 1981 1982 ... 1997 1998 1999]]]"),
        (arange(40, DType::I32), "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39]"),
        (arange(60, DType::F64).reshape([2, 30]) / 7.0, "[[0.         0.14285714 0.28571429 0.42857143 0.57142857 0.71428571\n  0.85714286 1.         1.14285714 1.28571429 1.42857143 1.57142857\n  1.71428571 1.85714286 2.         2.14285714 2.28571429 2.42857143\n  2.57142857 2.71428571 2.85714286 3.         3.14285714 3.28571429\n  3.42857143 3.57142857 3.71428571 3.85714286 4.         4.14285714]\n [4.28571429 4.42857143 4.57142857 4.71428571 4.85714286 5.\n  5.14285714 5.28571429 5.42857143 5.57142857 5.71428571 5.85714286\n  6.         6.14285714 6.28571429 6.42857143 6.57142857 6.71428571\n  6.85714286 7.         7.14285714 7.28571429 7.42857143 7.57142857\n  7.71428571 7.85714286 8.         8.14285714 8.28571429 8.42857143]]"),
        (Array::scalar(1.0_f32), "1.0"),
        (Array::scalar(0.1_f32), "0.1"),
        (Array::scalar(1e20_f64), "1e+20"),
        (Array::scalar(-7), "-7"),
        (Array::scalar(f64::NAN), "nan"),
        (Array::scalar(true), "True"),
        (zeros([0], DType::F32), "[]"),
        (zeros([2, 0], DType::F32), "[]"),
        (Array::from([half::f16::from_f32(0.1), half::f16::from_f32(2.0)]), "[0.1 2. ]"),
        (complex(Array::from([1.0_f64, -2.5]), Array::from([0.0_f64, 3.25])), "[ 1. +0.j   -2.5+3.25j]"),
        (complex(Array::from([1.0_f64]), Array::from([-1e-9_f64])), "[1.-1.e-09j]"),
        (complex(Array::scalar(1.5_f64), Array::scalar(-2.0_f64)), "(1.5-2j)"),
    ];
    for (x, want) in table {
        assert_eq!(x.to_string(), want, "{}", x.aval());
    }
}

#[test]
fn as_jax_represents_them() {
    assert_eq!(format!("{:?}", Array::from([1.0_f32, 2.5])), "Array([1. , 2.5], dtype=float32)");
    let x = Array::from([[1, -2], [30, 4]]);
    assert_eq!(format!("{x:?}"), "Array([[ 1, -2],\n       [30,  4]], dtype=int32)");
    assert_eq!(format!("{:?}", Array::scalar(true)), "Array(True, dtype=bool)");
    let empty = zeros([2, 0], DType::F32);
    assert_eq!(format!("{empty:?}"), "Array([], shape=(2, 0), dtype=float32)");
    let shape = Array::shape_only([3], DType::F32);
    assert_eq!(format!("{shape:?} {shape}"), "ShapeOnly(f32[3]) ShapeOnly(f32[3])");
}

/// `data/printed.json` holds arrays of all dtypes and what NumPy and JAX print for them.
#[test]
fn as_numpy_and_jax_print_many() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numeric/data/printed.json");
    let text = std::fs::read_to_string(file).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let dtype = DType::ALL.into_iter().find(|d| d.to_string() == case["dtype"]).unwrap();
        let shape: Vec<usize> = serde_json::from_value(case["shape"].clone()).unwrap();
        let digits = case["data"].as_str().unwrap();
        let byte = |i: usize| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..digits.len() / 2).map(byte).collect();
        let x = Array::from_bytes(&bytes, dtype, &shape).unwrap();
        for (got, want) in [(x.to_string(), &case["str"]), (format!("{x:?}"), &case["repr"])] {
            let want = want.as_str().unwrap();
            if got != want {
                wrong.push(format!("{}\n{got}\ninstead of\n{want}", x.aval()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(30)].join("\n")
    );
}

#[test]
fn from_what_rust_has() {
    assert_eq!(Array::from(vec![1_u8, 2]).shape(), [2]);
    assert_eq!(Array::from(&[1.0_f64][..]).dtype(), DType::F64);
    assert_eq!(Array::from([[[1_i64], [2]], [[3], [4]]]).shape(), [2, 2, 1]);
    let halves = [half::f16::from_f32(1.5), half::f16::from_f32(-2.0)];
    assert_eq!(Array::from(halves).to_vec::<half::f16>(), halves);
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_and_back() {
    let a = ndarray::Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (100 * i + 10 * j + k) as i32);
    let turned = a.view().permuted_axes([2, 0, 1]);
    let x = Array::from(&turned);
    assert_eq!(x.shape(), [4, 2, 3]);
    assert_eq!(ndarray::ArrayD::<i32>::try_from(&x).unwrap(), turned.into_dyn());
    assert!(x.to_ndarray::<f32>().unwrap_err().to_string().contains("i32[4, 2, 3]"));
    let z = ndarray::array![num_complex::Complex::new(1.0_f64, 2.0)];
    assert_eq!(Array::from(&z).to_ndarray::<num_complex::Complex<f64>>().unwrap(), z.into_dyn());
}

/// Every dtype there and back, through views that are not contiguous, empty, or of rank 0.
#[cfg(feature = "ndarray")]
#[test]
fn ndarray_of_every_dtype() {
    use half::{bf16, f16};
    use ndarray::{ArrayD, IxDyn, s};
    use num_complex::Complex;
    macro_rules! each {
        ($($t:ty: $($value:expr),+;)*) => {$({
            let a = ndarray::arr2(&[[$($value),+], [$($value),+]]);
            let turned = a.slice(s![..;-1, 1..;-2]);
            let x = Array::from(&turned);
            assert_eq!((x.shape(), x.dtype()), (turned.shape(), <$t as nnx_core::Element>::DTYPE));
            let back = ArrayD::<$t>::try_from(&x).unwrap();
            assert_eq!(format!("{back:?}"), format!("{:?}", turned.to_owned().into_dyn()));
            let none = ArrayD::<$t>::from_shape_vec(IxDyn(&[2, 0]), vec![]).unwrap();
            assert_eq!(Array::from(&none).to_ndarray::<$t>().unwrap(), none);
            let one = ndarray::arr0(a[[0, 1]]);
            assert_eq!(Array::from(&one).to_ndarray::<$t>().unwrap().shape(), [0_usize; 0]);
        })*};
    }
    each! {
        bool: true, false, true;
        i8: i8::MIN, -1, 7;
        i16: i16::MIN, -1, 7;
        i32: i32::MIN, -1, 7;
        i64: i64::MIN, -1, 7;
        u8: u8::MAX, 1, 7;
        u16: u16::MAX, 1, 7;
        u32: u32::MAX, 1, 7;
        u64: u64::MAX, 1, 7;
        f16: f16::MAX, f16::NAN, f16::NEG_INFINITY;
        bf16: bf16::MAX, bf16::NAN, bf16::NEG_INFINITY;
        f32: f32::MAX, f32::NAN, -0.0;
        f64: f64::MAX, f64::NAN, -0.0;
        Complex<f32>: Complex::new(1.0, f32::NAN), Complex::new(0.0, -0.0), Complex::new(3.0, 4.0);
        Complex<f64>: Complex::new(1.0, f64::NAN), Complex::new(0.0, -0.0), Complex::new(3.0, 4.0);
    }
    // One row for all columns: strides of 0.
    let row = ndarray::arr1(&[1_i32, 2, 3]);
    let x = Array::from(&row.broadcast((2, 3)).unwrap());
    assert_eq!(x.to_vec::<i32>(), [1, 2, 3, 1, 2, 3]);
}

#[cfg(feature = "serde")]
#[test]
fn serde_of_every_dtype() {
    for dtype in DType::ALL {
        // All bytes that there are, NaN with any payload among them; a bool has two.
        let n = 16 * dtype.size();
        let bytes: Vec<u8> = (0..n)
            .map(|i| if dtype == DType::Bool { (i % 2) as u8 } else { (i * 37 + 129) as u8 })
            .collect();
        for shape in [vec![4, 4], vec![16, 1], vec![2, 0], vec![]] {
            let size = shape.iter().product::<usize>() * dtype.size();
            let x = Array::from_bytes(&bytes[..size], dtype, &shape).unwrap();
            let text = serde_json::to_string(&x).unwrap();
            let y: Array = serde_json::from_str(&text).unwrap();
            assert_eq!((y.aval(), y.to_bytes().unwrap()), (x.aval(), bytes[..size].to_vec()));
        }
    }
    for broken in [
        r#"{"dtype":"u8","shape":[1],"data":"+f"}"#,
        r#"{"dtype":"u8","shape":[1],"data":"é"}"#,
        r#"{"dtype":"u8","shape":[18446744073709551615,2],"data":""}"#,
        r#"{"dtype":"u8","shape":[-1],"data":""}"#,
        r#"{"dtype":"u8","shape":[1]}"#,
    ] {
        assert!(serde_json::from_str::<Array>(broken).is_err(), "{broken}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_keeps_all_bits() {
    let x = Array::from([[1.5_f32, f32::NAN], [-0.0, f32::INFINITY]]);
    let text = serde_json::to_string(&x).unwrap();
    let y: Array = serde_json::from_str(&text).unwrap();
    assert_eq!((y.aval(), y.to_bytes().unwrap()), (x.aval(), x.to_bytes().unwrap()));
    for (broken, why) in [
        (text.replace("f32", "f31"), "f31"),
        (text.replace("[2,2]", "[2,3]"), "24 bytes"),
        (text.replace("0000c03f", "0000c03"), "hexadecimal"),
    ] {
        let error = serde_json::from_str::<Array>(&broken).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let nothing = serde_json::to_string(&Array::shape_only([3], DType::F32)).unwrap_err();
    assert!(nothing.to_string().contains("f32[3]"), "{nothing}");
}
