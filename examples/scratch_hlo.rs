//! scratch
use nnx::graph::Aval;
use nnx::{Array, DType};
use nnx::xla::Client;
use safetensors::SafeTensors;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let client = Client::global().unwrap();
    let rf = std::fs::read("tests/golden/data/training.safetensors").unwrap();
    let r = SafeTensors::deserialize(&rf).unwrap();
    let inf = std::fs::read("/tmp/w/train_hlo/in.safetensors").unwrap();
    let ins = SafeTensors::deserialize(&inf).unwrap();
    let dt = |d| match d { safetensors::Dtype::F32 => DType::F32, safetensors::Dtype::I32 => DType::I32, safetensors::Dtype::U32 => DType::U32, _ => panic!() };
    let mut names: Vec<_> = ins.names().into_iter().map(String::from).collect();
    names.sort();
    let scalars = [4usize, 10, 23];
    let mut avals = vec![]; let mut bufs = vec![];
    for (i, n) in names.iter().enumerate() {
        let t = ins.tensor(n).unwrap();
        let shape: Vec<usize> = if scalars.contains(&i) { vec![] } else { t.shape().to_vec() };
        let a = Aval::new(dt(t.dtype()), &shape);
        bufs.push(client.upload(t.data(), a).unwrap());
        avals.push(a);
    }
    let mut ia = avals.clone();
    ia.push(Aval::new(DType::F32, &[24, 16])); ia.push(Aval::new(DType::I32, &[24]));
    let mut oa = avals.clone(); oa.push(Aval::new(DType::F32, &[]));
    let exe = client.compile("step", &text, &ia, &oa).unwrap();
    let p = "mlp_bn_dropout_adamw/";
    let x = r.tensor(&format!("{p}in.x")).unwrap(); let t = r.tensor(&format!("{p}in.t")).unwrap();
    let want: Vec<f32> = r.tensor(&format!("{p}out.losses")).unwrap().data().chunks(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect();
    let mut worst = 0f32; let mut first = None;
    for i in 0..60 {
        let k = i % 20;
        let xb = client.upload(&x.data()[k * 24 * 16 * 4..][..24 * 16 * 4], ia[24]).unwrap();
        let tb = client.upload(&t.data()[k * 24 * 4..][..96], ia[25]).unwrap();
        let mut call = exe.call();
        for b in &bufs { call.arg(b, false).unwrap(); }
        call.arg(&xb, false).unwrap(); call.arg(&tb, false).unwrap();
        let mut o = call.run().unwrap();
        let n = bufs.len();
        let l = o.take(n).unwrap();
        let l = f32::from_le_bytes(l.to_host().unwrap()[..4].try_into().unwrap());
        let d = (l - want[i]).abs(); if d > 0.0 && first.is_none() { first = Some(i); } worst = worst.max(d);
        bufs = (0..n).map(|j| o.take(j).unwrap()).collect();
    }
    println!("loss worst {worst} first {first:?}");
    for (i, n) in [(0, "bn.bias"), (1, "bn.mean"), (6, "linear1.bias"), (7, "linear1.kernel")] {
        let w = r.tensor(&format!("{p}after.state.{n}")).unwrap();
        let g = bufs[i].to_host().unwrap();
        let d = w.data().chunks(4).zip(g.chunks(4)).map(|(a, b)| (f32::from_le_bytes(a.try_into().unwrap()) - f32::from_le_bytes(b.try_into().unwrap())).abs()).fold(0f32, f32::max);
        println!("{n} {d}");
    }
    let _ = Array::scalar(1f32);
}
