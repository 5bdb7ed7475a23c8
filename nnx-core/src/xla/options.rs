//! The options that go into a compilation, written in protocol buffers' wire format.

/// How a program is compiled: for which devices, and as how many parts.
pub(super) struct CompileOptions {
    /// The device to compile for; -1 leaves it to the default device assignment.
    pub(super) device_ordinal: i64,
    /// Copies of the whole program that run side by side.
    pub(super) num_replicas: i64,
    /// Parts that one program is split into.
    pub(super) num_partitions: i64,
}

impl Default for CompileOptions {
    fn default() -> Self {
        CompileOptions { device_ordinal: -1, num_replicas: 1, num_partitions: 1 }
    }
}

impl CompileOptions {
    /// A serialized `xla.CompileOptionsProto`. Field numbers are those of XLA's
    /// `compile_options.proto`.
    pub(super) fn to_proto(&self) -> Vec<u8> {
        let mut build = Message::default();
        build.int64(1, self.device_ordinal);
        build.int64(4, self.num_replicas);
        build.int64(5, self.num_partitions);
        let mut options = Message::default();
        options.message(3, &build);
        options.0
    }
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

    fn message(&mut self, field: u64, message: &Message) {
        self.key(field, 2);
        self.varint(message.0.len() as u64);
        self.0.extend_from_slice(&message.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_options_are_written_as_xla_reads_them() {
        let mut expected = vec![0x1a, 15, 0x08];
        expected.extend([0xff; 9]);
        expected.extend([0x01, 0x20, 1, 0x28, 1]);
        assert_eq!(CompileOptions::default().to_proto(), expected);
    }
}
