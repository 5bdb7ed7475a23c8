//! Random bits and distributions, for the seed in the case's name.

use super::reference::Case;
use super::{Outputs, Run};
use nnx::array::stack;
use nnx::random::{self, Key, Rngs};
use nnx::{Array, DType};

pub(crate) fn find(name: &str) -> Option<Run> {
    let (kind, _seed) = name.rsplit_once('.')?;
    Some(match kind {
        "key" => |case| data(key(case)),
        "split" => |case| data(random::split(&key(case), 5)),
        "split2" => |case| data(random::split(&key(case), [2, 3])),
        "fold_in" => |case| {
            let folded = [0_u32, 1, 7, 1 << 31].map(|d| random::fold_in(&key(case), d));
            data(stack_keys(&folded))
        },
        "bits.uint8" => |case| y(random::bits(&key(case), [3, 5], DType::U8)),
        "bits.uint16" => |case| y(random::bits(&key(case), [3, 5], DType::U16)),
        "bits.uint32" => |case| y(random::bits(&key(case), [3, 5], DType::U32)),
        "uniform" => |case| y(random::uniform(&key(case), [7, 3], DType::F32)),
        "uniform_range" => |case| y(random::uniform_range(&key(case), [64], -2.0, 3.0, DType::F32)),
        "normal" => |case| y(random::normal(&key(case), [5, 9], DType::F32)),
        "truncated_normal" => {
            |case| y(random::truncated_normal(&key(case), -2.0, 2.0, [40], DType::F32))
        }
        "bernoulli" => |case| y(random::bernoulli(&key(case), 0.3, [50])),
        "randint" => |case| y(random::randint(&key(case), [33], 0, 10, DType::I32)),
        "randint2" => |case| y(random::randint(&key(case), [33], -5, 1000, DType::I32)),
        "gumbel" => |case| y(random::gumbel(&key(case), [20], DType::F32)),
        "categorical" => |case| y(random::categorical(&key(case), case.input("logits"), -1)),
        "exponential" => |case| y(random::exponential(&key(case), [20], DType::F32)),
        "permutation" => |case| y(random::permutation(&key(case), 100)),
        "rngs_default" => |case| {
            let mut rngs = Rngs::new(case.seed_of_name());
            let mut drawn: Vec<Key> = (0..3).map(|_| rngs.params()).collect();
            drawn.extend((0..2).map(|_| rngs.dropout()));
            drawn.push(rngs.next_key("default"));
            keys(&drawn)
        },
        "rngs_named" => |case| {
            let seed = case.seed_of_name();
            let mut rngs = Rngs::empty().with("params", seed).with("dropout", seed + 1);
            keys(&[rngs.params(), rngs.dropout(), rngs.params(), rngs.dropout()])
        },
        _ => return None,
    })
}

fn keys(keys: &[Key]) -> Outputs {
    vec![("out.keys".into(), stack_keys(keys).into_data())]
}

fn key(case: &Case) -> Key {
    random::key(case.seed_of_name())
}

fn stack_keys(keys: &[Key]) -> Key {
    Key::from_data(stack(keys.iter().map(Key::data).collect::<Vec<_>>(), 0))
}

fn data(key: Key) -> Outputs {
    vec![("out.data".into(), key.into_data())]
}

fn y(array: Array) -> Outputs {
    vec![("out.y".into(), array)]
}
