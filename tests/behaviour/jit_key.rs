//! The parts of the key of a jitted function: a call is traced again for each of these that
//! differs, and for nothing else.

#![allow(deprecated, reason = "a float without a mark is static too")]

use super::jit_support::*;
use nnx::module::{BatchStat, MetaValue, VariableKind};
use nnx::{Array, DType, Module, Param, Variable};
use std::collections::{BTreeMap, HashMap};

#[nnx::jit(graph = false)]
fn watched(net: &Net) -> Array {
    &net.head.0 + 1.0
}

/// Whether the change of a net is a new key. Once known, neither tree is traced again.
fn retraces(change: impl Fn(&mut Net)) -> bool {
    // One case at a time: they count the traces of one function.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let (first, mut second) = (net(), net());
    change(&mut second);
    watched(&first);
    let before = traces("watched");
    watched(&second);
    let retraced = traces("watched") - before;
    watched(&first);
    watched(&second);
    assert_eq!(traces("watched"), before + retraced, "both keys stay");
    retraced == 1
}

fn first_cell(net: &mut Net) -> &mut Cell {
    &mut net.blocks[0].cells[0]
}

#[test]
fn other_values_are_the_same_key() {
    assert!(!retraces(|_| ()));
    assert!(!retraces(|net| {
        let next = nnx::map(net, |_, variable| variable.value * 3.0);
        *net = next;
        net.data = scalar(-1.0);
    }));
}

#[test]
fn shapes_and_dtypes_three_levels_down_are_part_of_the_key() {
    assert!(retraces(|net| first_cell(net).kernel.set(f32s(&[1.0, 2.0]))), "shape");
    assert!(retraces(|net| first_cell(net).kernel.set(f32s(&[1.0]))), "rank");
    assert!(retraces(|net| first_cell(net).count.set(Array::scalar(1_i32))), "dtype");
    assert!(retraces(|net| net.data = f32s(&[1.0, 2.0])), "plain data");
    assert!(retraces(|net| first_cell(net).kernel = Param::new(Array::absent("none"))), "no value");
}

#[test]
fn structure_three_levels_down_is_part_of_the_key() {
    let n = Numbers::default();
    assert!(retraces(|net| first_cell(net).bias = None), "Some to None");
    assert!(retraces(|net| net.blocks[0].cells[1].bias = Some(n.param())), "None to Some");
    assert!(retraces(|net| net.blocks[0].cells.push(n.cell(false))), "longer");
    assert!(retraces(|net| drop(net.blocks[0].cells.pop())), "shorter");
    assert!(retraces(|net| net.blocks[1].cells.clear()), "empty");
}

#[test]
fn variants_and_what_is_in_them_are_part_of_the_key() {
    let n = Numbers::default();
    let table = |len| Activation::Table {
        weights: (0..len).map(|_| n.param()).collect(),
        offset: n.array(),
    };
    assert!(retraces(|net| net.blocks[0].act = Activation::Relu));
    assert!(retraces(|net| net.blocks[0].act = table(1)), "as many leaves, another variant");
    assert!(retraces(|net| net.blocks[1].act = table(3)));
    assert!(!retraces(|net| net.blocks[1].act = table(2)));
}

#[test]
fn map_keys_are_part_of_the_key() {
    let rename = |net: &mut Net, to: &str| {
        let gains = &mut net.blocks[1].gains;
        let gain = gains.remove("out").unwrap();
        gains.insert(to.into(), gain);
    };
    assert!(retraces(|net| rename(net, "output")));
    assert!(!retraces(|net| rename(net, "out")));
    assert!(retraces(|net| drop(net.blocks[1].gains.remove("out"))));
}

#[test]
fn static_fields_are_part_of_the_key() {
    assert!(retraces(|net| first_cell(net).width = 2), "a number, three levels down");
    assert!(retraces(|net| net.head.1.width = 2), "in a box in a tuple");
    assert!(retraces(|net| net.name = "other".into()), "text");
}

#[test]
fn metadata_and_the_variable_it_is_noted_on_are_part_of_the_key() {
    let note = |name: &'static str, value: i64| {
        move |cell: &mut Cell| cell.kernel.metadata_mut().set(name, MetaValue::Int(value))
    };
    assert!(retraces(|net| note("axis", 0)(first_cell(net))), "added");
    assert!(retraces(|net| note("axis", 1)(first_cell(net))), "another value");
    assert!(retraces(|net| note("dim", 0)(first_cell(net))), "another name");
    assert!(retraces(|net| note("axis", 0)(&mut net.blocks[0].cells[1])), "another Variable");
    assert!(retraces(|net| note("axis", 0)(&mut net.head.1)), "another Variable, far away");
}

#[test]
fn metadata_moved_from_one_variable_to_the_next_is_another_program() {
    #[nnx::jit(graph = false)]
    fn which(first: &Param, second: &Param) -> Array {
        let noted = |v: &Param| if v.metadata().get("used").is_some() { 1.0 } else { 0.0 };
        first * noted(first) + second * noted(second)
    }
    let plain = |value: f32| Param::new(scalar(value));
    let noted = |value: f32| plain(value).with_metadata("used", MetaValue::Bool(true));
    assert_eq!(which(&noted(1.0), &plain(10.0)).item::<f32>(), 1.0);
    assert_eq!(which(&plain(1.0), &noted(10.0)).item::<f32>(), 10.0);
    assert_eq!(which(&noted(1.0), &noted(10.0)).item::<f32>(), 11.0);
    assert_eq!(which(&noted(2.0), &plain(10.0)).item::<f32>(), 2.0);
    assert_eq!(traces("which"), 3);
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Module)]
enum Mode {
    Train,
    Eval,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Settings {
    sizes: Vec<usize>,
}

#[nnx::jit(graph = false)]
#[allow(clippy::too_many_arguments)]
fn with_statics(
    x: &Array,
    flag: bool,
    count: i64,
    letter: char,
    text: String,
    mode: Mode,
    dtype: DType,
    pair: (u8, bool),
    option: Option<usize>,
    #[nnx(static)] label: &'static str,
    #[nnx(static)] rate: f64,
    #[nnx(static)] settings: Settings,
) -> Array {
    let number = f32::from(u8::from(flag))
        + count as f32
        + f32::from(letter as u8)
        + text.len() as f32
        + f32::from(u8::from(mode == Mode::Eval))
        + f32::from(pair.0)
        + f32::from(u8::from(pair.1))
        + option.map_or(0.0, |n| n as f32)
        + label.len() as f32
        + rate as f32
        + settings.sizes.iter().sum::<usize>() as f32;
    (x + number).astype(dtype)
}

/// The statics of a call of [`with_statics`].
#[derive(Clone)]
struct Statics {
    flag: bool,
    count: i64,
    letter: char,
    text: &'static str,
    mode: Mode,
    dtype: DType,
    pair: (u8, bool),
    option: Option<usize>,
    label: &'static str,
    rate: f64,
    sizes: Vec<usize>,
}

impl Statics {
    fn call(self) -> f32 {
        let Statics { flag, count, letter, text, mode, dtype, pair, option, label, rate, sizes } =
            self;
        let settings = Settings { sizes };
        let y = with_statics(
            &scalar(0.0),
            flag,
            count,
            letter,
            text.into(),
            mode,
            dtype,
            pair,
            option,
            label,
            rate,
            settings,
        );
        y.astype(DType::F32).item()
    }
}

#[test]
fn each_static_argument_is_part_of_the_key() {
    let base = Statics {
        flag: false,
        count: 1,
        letter: '\0',
        text: "",
        mode: Mode::Train,
        dtype: DType::F32,
        pair: (0, false),
        option: None,
        label: "",
        rate: 0.5,
        sizes: vec![],
    };
    assert_eq!(base.clone().call(), 1.5);
    type Case = (&'static str, f32, fn(&mut Statics));
    let cases: [Case; 13] = [
        ("flag", 2.5, |s| s.flag = true),
        ("count", -0.5, |s| s.count = -1),
        ("letter", 66.5, |s| s.letter = 'A'),
        ("text", 4.5, |s| s.text = "abc"),
        ("mode", 2.5, |s| s.mode = Mode::Eval),
        ("dtype", 1.0, |s| s.dtype = DType::I32),
        ("pair.0", 8.5, |s| s.pair.0 = 7),
        ("pair.1", 2.5, |s| s.pair.1 = true),
        ("option", 1.5, |s| s.option = Some(0)),
        ("option's value", 3.5, |s| s.option = Some(2)),
        ("label", 2.5, |s| s.label = "x"),
        ("rate", 1.25, |s| s.rate = 0.25),
        ("settings", 6.5, |s| s.sizes = vec![2, 3]),
    ];
    for (number, (what, expected, change)) in cases.into_iter().enumerate() {
        let mut statics = base.clone();
        change(&mut statics);
        assert_eq!(statics.clone().call(), expected, "{what}");
        assert_eq!(traces("with_statics"), number as u64 + 2, "{what} is part of the key");
        assert_eq!(statics.call(), expected, "{what}, from the cache");
    }
    base.call();
    assert_eq!(traces("with_statics"), 14);
}

#[test]
fn floats_in_a_module_are_static_by_their_bits() {
    #[derive(Module)]
    struct Scaled {
        by: f32,
    }
    #[nnx::jit(graph = false)]
    fn by_bits(scaled: &Scaled, x: &Array) -> Array {
        x * scaled.by
    }
    let call = |by| by_bits(&Scaled { by }, &scalar(2.0)).item::<f32>();
    assert_eq!([call(0.5), call(0.5), call(0.25)], [1.0, 1.0, 0.5]);
    assert_eq!(traces("by_bits"), 2);
    assert!(call(f32::NAN).is_nan() && call(f32::NAN).is_nan());
    assert_eq!(traces("by_bits"), 3, "NaN is the same key as NaN");
    assert!(call(0.0).is_sign_positive() && call(-0.0).is_sign_negative());
    assert_eq!(traces("by_bits"), 5);
}

#[test]
fn the_order_of_insertion_into_a_map_does_not_matter() {
    #[nnx::jit(graph = false)]
    fn of_maps(b: &BTreeMap<String, Param>, h: &HashMap<String, Param>) -> Array {
        &b["x"] * 2.0 + &h["x"] * 3.0 + &b["y"] * 5.0 + &h["y"] * 7.0
    }
    let entries = |keys: [&str; 2]| {
        keys.map(|key| (key.to_owned(), Param::new(scalar(if key == "x" { 1.0 } else { 10.0 }))))
    };
    for keys in [["x", "y"], ["y", "x"]] {
        for _ in 0..4 {
            // Every HashMap has another hasher.
            let y = of_maps(&entries(keys).into(), &entries(keys).into());
            assert_eq!(y.item::<f32>(), 125.0);
        }
    }
    assert_eq!(traces("of_maps"), 1);
}

#[nnx::jit(graph = false)]
fn times<const N: usize>(x: &Array) -> Array {
    x * N
}

#[nnx::jit(graph = false)]
fn kind_length<K: VariableKind>(x: &Array) -> Array {
    x * K::KIND.name.len()
}

struct By<const N: usize>;

impl<const N: usize> By<N> {
    #[nnx::jit(graph = false)]
    fn scale(x: &Array) -> Array {
        x * N
    }
}

trait Factor: 'static {
    const FACTOR: usize;
    #[nnx::jit(graph = false)]
    fn provided(x: &Array) -> Array
    where
        Self: Sized,
    {
        x * Self::FACTOR
    }
}

impl Factor for Mode {
    const FACTOR: usize = 2;
}
impl Factor for Settings {
    const FACTOR: usize = 3;
}

#[test]
fn generics_that_only_the_body_knows_are_part_of_the_key() {
    let x = scalar(10.0);
    assert_eq!(times::<2>(&x).item::<f32>(), 20.0);
    assert_eq!(times::<3>(&x).item::<f32>(), 30.0);
    assert_eq!(kind_length::<BatchStat>(&x).item::<f32>(), 90.0);
    assert_eq!(kind_length::<nnx::module::Cache>(&x).item::<f32>(), 50.0);
    assert_eq!(By::<2>::scale(&x).item::<f32>(), 20.0);
    assert_eq!(By::<3>::scale(&x).item::<f32>(), 30.0);
    assert_eq!(Mode::provided(&x).item::<f32>(), 20.0);
    assert_eq!(Settings::provided(&x).item::<f32>(), 30.0);
    times::<2>(&x);
    assert_eq!(traces("times"), 2);
}

/// The kind of a Variable is part of its type, and so of the key.
#[nnx::jit(graph = false)]
fn of_kind<K: VariableKind>(v: &Variable<K>) -> Array {
    &**v * K::KIND.name.len()
}

#[test]
fn types_are_part_of_the_key() {
    let (stat, param) = (Variable::<BatchStat>::new(scalar(1.0)), Param::new(scalar(1.0)));
    assert_eq!([of_kind(&stat).item::<f32>(), of_kind(&param).item()], [9.0, 5.0]);
}

/// As many leaves of the same shapes, in the same order, in other places.
#[nnx::jit(graph = false)]
fn spread(options: &[Option<Param>; 2], lists: &[Vec<Param>; 2]) -> Array {
    let options = options.iter().zip([1.0, 10.0]);
    let options = options.flat_map(|(option, by)| option.iter().map(move |v| &**v * by));
    let lists = lists.iter().zip([100.0, 1000.0]);
    let lists = lists.flat_map(|(list, by)| list.iter().map(move |v| &**v * by));
    options.chain(lists).fold(scalar(0.0), |sum, term| sum + term)
}

#[test]
fn where_the_leaves_are_is_part_of_the_key_too() {
    let p = || Param::new(scalar(1.0));
    for _ in 0..2 {
        let lists = || [vec![p()], vec![p(), p()]];
        assert_eq!(spread(&[Some(p()), None], &lists()).item::<f32>(), 2101.0);
        assert_eq!(spread(&[None, Some(p())], &lists()).item::<f32>(), 2110.0);
        assert_eq!(spread(&[None, Some(p())], &[vec![p(), p()], vec![p()]]).item::<f32>(), 1210.0);
        assert_eq!(spread(&[None, None], &[vec![], vec![p(); 4]]).item::<f32>(), 4000.0);
    }
    assert_eq!(traces("spread"), 4);
}

#[test]
fn whether_there_is_something_without_leaves_is_part_of_the_key() {
    #[derive(Module)]
    struct Marker;
    #[nnx::jit(graph = false)]
    fn marked(x: &Array, marker: &Option<Marker>, list: &Vec<Marker>) -> Array {
        x + f32::from(u8::from(marker.is_some())) + 10.0 * list.len() as f32
    }
    let call = |marker, list| marked(&scalar(0.0), &marker, &list).item::<f32>();
    for _ in 0..2 {
        assert_eq!(call(None, vec![]), 0.0);
        assert_eq!(call(Some(Marker), vec![]), 1.0);
        assert_eq!(call(None, vec![Marker]), 10.0);
    }
    assert_eq!(traces("marked"), 3);
}
