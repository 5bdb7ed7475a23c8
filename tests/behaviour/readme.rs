//! The messages that the README shows are those of the library.

use nnx::{Array, DType, Param, array, cond};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

/// The text with one name for all places in a file.
fn without_places(text: &str, file: &str) -> String {
    let place = format!("{file}:");
    let mut parts = text.split(place.as_str());
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        result += &format!("HERE{rest}");
    }
    result
}

#[test]
fn the_readme_shows_messages_as_they_are() {
    let readme = include_str!("../../README.md").replace("\r\n", "\n");
    let readme = without_places(&readme, "src/main.rs");
    let (a, b) = (array::zeros([8, 3], DType::F32), array::zeros([4, 16], DType::F32));
    let shapes = message(|| drop(a.matmul(&b)));
    let mut captured = Param::new(Array::scalar(1.0_f32));
    let x = Array::scalar(2.0_f32);
    let yes = Array::scalar(true);
    let lost = message(|| {
        let set = |x: &Array| {
            captured.set(x * 2.0);
            x.clone()
        };
        cond(&yes, set, |x: &Array| x.clone(), &x);
    });
    for message in [shapes, lost] {
        let message = without_places(&message, file!());
        assert!(readme.contains(&format!("```\n{message}\n```")), "{message}");
    }
}
