//! A server that tells digits, and clients that ask it. The program trains a small network, writes its parameters and a
//! bundle of its compiled programs, and starts itself again as the server: that one compiles nothing, and answers each
//! connection in a thread of its own. Nothing but the standard library is between them.
//!
//! `cargo xtask example serve` sets up XLA and runs it; `--help` after it lists the options.

use nnx::nn::{Conv, Linear, relu};
use nnx::optim::losses::softmax_cross_entropy_with_integer_labels;
use nnx::optim::{Adam, Optimizer, adam};
use nnx::random::{self, RngStream, Rngs};
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::xla::{ClientOptions, DiskCache, add_bundle, cache_stats, init, write_bundle};
use nnx::{Array, DType, Module, eval_shape, value_and_grad};
use nnx_examples::digits::{Batch, CLASSES, Data, Dataset, pixels};
use nnx_examples::{About, Data as _, Length, Options, Outcome, Run};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

pub(crate) const ABOUT: About = About {
    name: "serve",
    purpose: "Trains a network that tells digits, and serves it to clients from a bundle.",
    examples: "Images",
    data: Some((
        "A folder with IDX files as MNIST has them, gzipped or not",
        "examples/data/mnist",
    )),
    length: Length::Steps(600),
    batch_size: 64,
    learning_rate: 5e-3,
    flags: &[(ANSWER, "Answers with what an earlier run left in --out, and does nothing else")],
};

const ANSWER: &str = "--answer";
/// The most images in a request, and the number of them that the program for several takes.
const MOST: usize = 8;
const CLIENTS: usize = 4;

/// Takes images of any size.
#[derive(Module)]
struct Net {
    convs: [Conv; 3],
    head: Linear,
}

impl Net {
    fn new(rngs: &mut Rngs) -> Self {
        let mut conv = |from, to| Conv::builder(from, to, [3, 3]).strides(2).build(rngs);
        let convs = [conv(1, 16), conv(16, 32), conv(32, 64)];
        Net { convs, head: Linear::new(64, CLASSES.into(), rngs) }
    }

    /// Logits `[n, 10]` for images u8 `[n, height, width, 1]`.
    fn forward(&self, images: &Array) -> Array {
        let x = self.convs.iter().fold(pixels(images), |x, conv| relu(&conv.forward(&x)));
        self.head.forward(x.max([1, 2]))
    }
}

#[nnx::jit(graph = false)]
fn train_step(
    net: &mut Net,
    optimizer: &mut Optimizer<Adam>,
    draws: &mut RngStream,
    digits: &Batch,
    batch_size: usize,
) -> Array {
    let n = digits.labels.size();
    let chosen = random::choice(&draws.next_key(), n, [batch_size], true, None);
    let (x, labels) = (digits.images.take(&chosen, 0), digits.labels.take(&chosen, 0));
    let loss =
        |net: &Net| softmax_cross_entropy_with_integer_labels(net.forward(&x), &labels).mean(..);
    let (loss, grads) = value_and_grad(loss, &*net);
    optimizer.update(net, &grads);
    loss
}

/// The digits u8 `[n]` in images u8 `[n, height, width, 1]`. A mistake in a request is an error, not a panic.
#[nnx::jit(graph = false)]
fn predict(net: &Net, images: &Array) -> nnx::Result<Array> {
    Ok(net.forward(images).argmax(-1).astype(DType::U8))
}

/// Answers one client until it has no more to ask. A request is the number of images, their height, their width, a byte
/// each, and then the pixels; the answer is a byte for each image.
fn answer(mut client: TcpStream, net: &Net) -> Outcome {
    let mut head = [0_u8; 3];
    while client.read(&mut head[..1])? == 1 {
        client.read_exact(&mut head[1..])?;
        let [n, height, width] = head.map(usize::from);
        if n == 0 || n > MOST {
            return Err(format!("a request has 1 to {MOST} images, not {n}").into());
        }
        // There are two programs: for one image, and for the most.
        let size = if n == 1 { 1 } else { MOST };
        let mut bytes = vec![0; size * height * width];
        client.read_exact(&mut bytes[..n * height * width])?;
        let images = Array::from_bytes(&bytes, DType::U8, &[size, height, width, 1])?;
        client.write_all(&predict(net, &images)?.try_to_vec::<u8>()?[..n])?;
    }
    Ok(())
}

/// The server: says where it listens, and answers until the line that started it is closed.
fn serve(out: &Path) -> Outcome {
    init(ClientOptions::new().cache(DiskCache::Folder(out.join("cache-of-the-server"))))?;
    add_bundle(std::fs::read(out.join("programs.nnx"))?.leak())?;
    // The shapes of a network, and then its numbers: nothing is drawn.
    let mut net = eval_shape(|key: &random::Key| Net::new(&mut Rngs::new(key)), &random::key(0));
    load_checkpoint(out.join("net.safetensors"), &mut net)?;
    let net: &'static Net = Box::leak(Box::new(net));
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || {
                if let Err(error) = answer(client, net) {
                    eprintln!("a client went wrong: {error}");
                }
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    let stats = cache_stats()?;
    println!("{} programs from the bundle, {} compiled", stats.loaded, stats.compiled);
    Ok(())
}

/// Asks for the digits of these images, and says how many are right.
fn ask(
    server: SocketAddr,
    digits: &Dataset,
    images: &[usize],
    at_once: usize,
) -> io::Result<usize> {
    let mut server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    let mut right = 0;
    for images in images.chunks(at_once) {
        let mut request = vec![images.len() as u8, digits.height as u8, digits.width as u8];
        images.iter().for_each(|&image| request.extend(digits.image(image)));
        server.write_all(&request)?;
        let mut answer = vec![0; images.len()];
        server.read_exact(&mut answer)?;
        right += images.iter().zip(answer).filter(|&(&i, told)| digits.labels[i] == told).count();
    }
    Ok(right)
}

pub(crate) fn run(options: &Options) -> Outcome {
    let out = ABOUT.out(options);
    if options.flags.contains(&ANSWER) {
        return serve(&out);
    }
    init(ClientOptions::new().cache(DiskCache::Folder(out.join("cache"))))?;
    let mut run = Run::new(&ABOUT, options)?;
    let data = Data::load(&run.data)?;
    let digits = data.train.all()?;
    let mut rngs = Rngs::new(run.seed);
    let mut net = Net::new(&mut rngs);
    let mut draws = rngs.stream("draws").fork();
    let mut optimizer = Optimizer::new(&net, adam(run.learning_rate));
    for step in 0..run.steps {
        let loss = train_step(&mut net, &mut optimizer, &mut draws, &digits, run.batch_size);
        if run.is_due(step) {
            run.line(step, &[("loss", &loss)])?;
        }
    }
    // The programs for both sizes of a request are compiled by being used, and the bundle has them.
    for size in [1, MOST] {
        predict(&net, &data.test.batch(&[0], size)?.images)?.block_until_ready()?;
    }
    save_checkpoint(run.file("net.safetensors"), &net, &Default::default())?;
    let bundle = write_bundle(run.file("programs.nnx"))?;
    println!("bundle: {} programs, {} bytes", bundle.functions.len(), bundle.bytes);

    let mut server = Command::new(std::env::current_exe()?)
        .args(["serve", ANSWER, "--out"])
        .arg(&out)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(server.stdout.take().ok_or("the server says nothing")?).lines();
    let address: SocketAddr = said.next().ok_or("the server did not start")??.parse()?;
    let images: Vec<usize> = (0..data.test.len()).collect();
    for at_once in [1, MOST] {
        let started = Instant::now();
        let right: usize = std::thread::scope(|scope| {
            let parts = images.chunks(images.len().div_ceil(CLIENTS));
            let clients: Vec<_> =
                parts.map(|part| scope.spawn(|| ask(address, &data.test, part, at_once))).collect();
            let answers = clients.into_iter().map(|client| client.join().expect("no panic"));
            answers.sum::<io::Result<usize>>()
        })?;
        println!(
            "{CLIENTS} clients, {at_once} images in a request: {:.0} images/s, accuracy {:.4}",
            images.len() as f64 / started.elapsed().as_secs_f64(),
            right as f32 / images.len() as f32
        );
    }
    drop(server.stdin.take());
    said.try_for_each(|line| line.map(|line| println!("server: {line}")))?;
    if !server.wait()?.success() {
        return Err("the server failed".into());
    }
    run.summary();
    Ok(())
}
