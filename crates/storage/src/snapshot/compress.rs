//! gzip, and the block stream of snappy-java around a snapshot.

use std::io::{self, BufReader, Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::Compression;

/// `SnappyCodec`: magic, version and oldest compatible version.
pub(super) const SNAPPY_MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const SNAPPY_HEADER: &[u8; 16] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// What Java compresses at once.
const SNAPPY_BLOCK: usize = 32 << 10;
/// More than any writer puts into one block.
const SNAPPY_BLOCK_MAX: usize = 16 << 20;

/// Compresses what is written to it.
pub(super) enum Compressor<W: Write> {
    None(W),
    Gzip(GzEncoder<W>),
    Snappy(SnappyWriter<W>),
}

impl<W: Write> Compressor<W> {
    pub(super) fn new(compression: Compression, mut out: W) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Compressor::None(out),
            Compression::Gzip => {
                Compressor::Gzip(GzEncoder::new(out, flate2::Compression::default()))
            }
            Compression::Snappy => {
                out.write_all(SNAPPY_HEADER)?;
                Compressor::Snappy(SnappyWriter { out, block: Vec::new(), packed: Vec::new() })
            }
        })
    }

    /// Writes what is still held back.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Compressor::None(out) => Ok(out),
            Compressor::Gzip(encoder) => encoder.finish(),
            Compressor::Snappy(mut writer) => {
                writer.flush_block()?;
                Ok(writer.out)
            }
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Compressor::None(out) => out.write(bytes),
            Compressor::Gzip(encoder) => encoder.write(bytes),
            Compressor::Snappy(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct SnappyWriter<W> {
    out: W,
    block: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write> SnappyWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(SNAPPY_BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == SNAPPY_BLOCK {
            self.flush_block()?;
        }
        Ok(taken)
    }

    fn flush_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.packed.resize(snap::raw::max_compress_len(self.block.len()), 0);
        let len = snap::raw::Encoder::new().compress(&self.block, &mut self.packed)?;
        self.out.write_all(&(len as u32).to_be_bytes())?;
        self.out.write_all(&self.packed[..len])?;
        self.block.clear();
        Ok(())
    }
}

/// The uncompressed stream in `file`.
pub(super) fn decompressor(
    compression: Compression,
    file: impl Read + Send + 'static,
) -> Box<dyn Read + Send> {
    match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(256 << 10, file)))
        }
        Compression::Snappy => {
            let input = BufReader::with_capacity(256 << 10, file);
            Box::new(SnappyReader { input, started: false, packed: vec![], block: vec![], at: 0 })
        }
    }
}

struct SnappyReader<R> {
    input: R,
    started: bool,
    packed: Vec<u8>,
    block: Vec<u8>,
    at: usize,
}

impl<R: Read> SnappyReader<R> {
    /// Unpacks the next block; false at the end.
    fn next_block(&mut self) -> io::Result<bool> {
        if !self.started {
            self.header([0; 0])?;
            self.started = true;
        }
        let Some(len) = self.length()? else { return Ok(false) };
        // Another stream may follow: its header stands where a length would.
        if len == SNAPPY_MAGIC[..4] {
            self.header(len)?;
            return self.next_block_of_same_stream();
        }
        self.unpack(u32::from_be_bytes(len) as usize)
    }

    fn next_block_of_same_stream(&mut self) -> io::Result<bool> {
        match self.length()? {
            Some(len) => self.unpack(u32::from_be_bytes(len) as usize),
            None => Ok(false),
        }
    }

    fn header<const N: usize>(&mut self, seen: [u8; N]) -> io::Result<()> {
        let mut header = [0; SNAPPY_HEADER.len()];
        header[..N].copy_from_slice(&seen);
        self.input.read_exact(&mut header[N..])?;
        if !header.starts_with(SNAPPY_MAGIC) {
            return Err(invalid("it does not start like a snappy-java stream"));
        }
        Ok(())
    }

    fn length(&mut self) -> io::Result<Option<[u8; 4]>> {
        let mut len = [0; 4];
        if self.input.read(&mut len[..1])? == 0 {
            return Ok(None);
        }
        self.input.read_exact(&mut len[1..])?;
        Ok(Some(len))
    }

    fn unpack(&mut self, len: usize) -> io::Result<bool> {
        if len > SNAPPY_BLOCK_MAX {
            return Err(invalid("a snappy block is too large"));
        }
        self.packed.resize(len, 0);
        self.input.read_exact(&mut self.packed)?;
        let unpacked = snap::raw::decompress_len(&self.packed)?;
        if unpacked > SNAPPY_BLOCK_MAX {
            return Err(invalid("a snappy block is too large"));
        }
        self.block.resize(unpacked, 0);
        let len = snap::raw::Decoder::new().decompress(&self.packed, &mut self.block)?;
        self.block.truncate(len);
        self.at = 0;
        Ok(true)
    }
}

impl<R: Read> Read for SnappyReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            if !self.next_block()? {
                return Ok(0);
            }
        }
        let n = buf.len().min(self.block.len() - self.at);
        buf[..n].copy_from_slice(&self.block[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
