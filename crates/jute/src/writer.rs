use crate::utf8::{java_utf8_len, put_java_utf8};

/// Appends jute fields to a byte vector.
pub trait Put {
    /// One octet.
    fn put_u8(&mut self, value: u8);
    /// A boolean as 0 or 1.
    fn put_bool(&mut self, value: bool);
    /// A 32-bit integer.
    fn put_i32(&mut self, value: i32);
    /// A 64-bit integer.
    fn put_i64(&mut self, value: i64);
    /// A buffer; `None` is null.
    fn put_buffer(&mut self, value: Option<&[u8]>);
    /// A string; `None` is null.
    fn put_string(&mut self, value: Option<&str>);
    /// A vector's element count; `None` is null.
    fn put_count(&mut self, value: Option<usize>);
}

impl Put for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put_bool(&mut self, value: bool) {
        self.push(u8::from(value));
    }

    fn put_i32(&mut self, value: i32) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn put_i64(&mut self, value: i64) {
        self.extend_from_slice(&value.to_be_bytes());
    }

    fn put_buffer(&mut self, value: Option<&[u8]>) {
        match value {
            None => self.put_i32(-1),
            Some(bytes) => {
                self.put_i32(length(bytes.len()));
                self.extend_from_slice(bytes);
            }
        }
    }

    fn put_string(&mut self, value: Option<&str>) {
        match value {
            None => self.put_i32(-1),
            Some(text) => {
                self.put_i32(length(java_utf8_len(text)));
                put_java_utf8(self, text);
            }
        }
    }

    fn put_count(&mut self, value: Option<usize>) {
        self.put_i32(value.map_or(-1, length));
    }
}

/// Lengths on the wire are 32-bit; frames are bounded far below that before they are built.
fn length(bytes: usize) -> i32 {
    i32::try_from(bytes).expect("a jute field is shorter than 2 GiB")
}
