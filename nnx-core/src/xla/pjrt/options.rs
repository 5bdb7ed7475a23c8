//! The options that go into a compilation, written in protocol buffers' wire format.

use super::faults::PluginFault;
use crate::xla::compiler_option::{CompilerOption, OptionValue};

/// How a program is compiled: for which devices, as how many parts, and around which faults.
#[derive(Default)]
pub(super) struct CompileOptions<'a> {
    /// The devices to compile for, each of which runs its part of the program; empty leaves it to the default device
    /// assignment, of one device.
    pub(super) devices: &'a [usize],
    /// Whether the program is split into parts by the shardings in its text.
    pub(super) spread: bool,
    /// The plugin's faults that are gone around.
    pub(super) faults: &'a [PluginFault],
    /// The options that the program asks for; they win over what goes around a fault.
    pub(super) options: &'a [CompilerOption<'a>],
}

impl CompileOptions<'_> {
    /// A serialized `xla.CompileOptionsProto`. Field numbers are those of XLA's
    /// `compile_options.proto`.
    pub(super) fn to_proto(&self) -> Vec<u8> {
        let mut build = Message::default();
        build.int64(1, -1);
        // One copy, in so many parts.
        build.int64(4, 1);
        build.int64(5, self.devices.len().max(1) as i64);
        if self.spread {
            build.bool(6, true);
        }
        if !self.devices.is_empty() {
            build.message(9, &device_assignment(self.devices));
        }
        if self.spread {
            build.bool(19, true);
        }
        let mut options = Message::default();
        options.message(3, &build);
        for option in self.options {
            options.message(7, &override_entry(option.name, option.value));
        }
        for fault in self.faults.iter().filter(|fault| self.spread || !fault.spread) {
            let is_given = self.options.iter().any(|option| option.name == fault.option);
            if let Some(value) = fault.values.first().filter(|_| !is_given) {
                options.message(7, &override_entry(fault.option, *value));
            }
        }
        options.0
    }
}

/// A `DeviceAssignmentProto` with one replica and a part on each of `devices`.
fn device_assignment(devices: &[usize]) -> Message {
    let mut assignment = Message::default();
    assignment.int64(1, 1);
    assignment.int64(2, devices.len() as i64);
    for &device in devices {
        let mut computation = Message::default();
        computation.int64(1, device as i64);
        assignment.message(3, &computation);
    }
    assignment
}

/// An entry of the map `env_option_overrides`.
fn override_entry(name: &str, value: OptionValue<'_>) -> Message {
    let mut inner = Message::default();
    match value {
        OptionValue::Text(text) => inner.string(1, text),
        OptionValue::Bool(value) => inner.bool(2, value),
        OptionValue::Int(value) => inner.int64(3, value),
        OptionValue::Float(value) => inner.double(4, value),
    }
    let mut entry = Message::default();
    entry.string(1, name);
    entry.message(2, &inner);
    entry
}

/// A protocol buffers message while it is written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn int64(&mut self, field: u64, value: i64) {
        self.key(field, 0);
        self.varint(value.cast_unsigned());
    }

    fn bool(&mut self, field: u64, value: bool) {
        self.key(field, 0);
        self.varint(value.into());
    }

    fn double(&mut self, field: u64, value: f64) {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn string(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Message) {
        self.bytes(field, &message.0);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_written_as_xla_reads_them() {
        let mut expected = vec![0x1a, 15, 0x08];
        expected.extend([0xff; 9]);
        expected.extend([0x01, 0x20, 1, 0x28, 1]);
        assert_eq!(CompileOptions::default().to_proto(), expected);

        // Map entries: the option's name and a message with a bool that is false, or a text.
        let mut faults = crate::xla::pjrt::faults::of("cpu", (0, 115), &[]);
        faults[1].values = &[OptionValue::Text("")];
        expected.extend([0x3a, 33, 0x0a, 27]);
        expected.extend(b"xla_cpu_enable_fast_min_max");
        expected.extend([0x12, 2, 0x10, 0]);
        expected.extend([0x3a, 42, 0x0a, 36]);
        expected.extend(b"xla_cpu_experimental_ynn_fusion_type");
        expected.extend([0x12, 2, 0x0a, 0]);
        let options = CompileOptions { faults: &faults, ..Default::default() };
        assert_eq!(options.to_proto(), expected);

        // The options of the program come first, and no fault contradicts them.
        let asked = [
            CompilerOption::new(faults[0].option, true),
            CompilerOption::new("i", -1),
            CompilerOption::new("f", 1.0),
        ];
        let options =
            CompileOptions { faults: &faults[..1], options: &asked, ..Default::default() };
        let mut expected = expected[..17].to_vec();
        expected.extend([0x3a, 33, 0x0a, 27]);
        expected.extend(b"xla_cpu_enable_fast_min_max");
        expected.extend([0x12, 2, 0x10, 1]);
        expected.extend([0x3a, 16, 0x0a, 1, b'i', 0x12, 11, 0x18]);
        expected.extend([0xff; 9]);
        expected.push(0x01);
        expected.extend([0x3a, 14, 0x0a, 1, b'f', 0x12, 9, 0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        assert_eq!(options.to_proto(), expected);
    }
}
