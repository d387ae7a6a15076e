//! One HTTP/1.1 request and its answer. Headers go out in the order and spelling they are given in.

use super::{Stream, Url, WireError};
use std::io::{self, BufRead, BufReader, Read, Write};

/// What a request carries.
pub enum Body<'a> {
    /// Nothing, and no length either.
    None,
    /// Bytes, with `Content-Length`.
    Sized(&'a [u8]),
    /// Bytes, with `Transfer-Encoding: chunked`, in one chunk.
    Chunked(&'a [u8]),
    /// A stream of a known length, with `Content-Length`.
    Stream(Box<dyn Read + 'a>, u64),
}

/// A request. `Host`, `User-Agent` and the length come first, as Go writes them; then the headers.
pub struct Request<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The `Host` header.
    pub host: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// Everything else.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: Body<'a>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, as received.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value, whatever the spelling of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Connects, asks, reads the answer, and closes.
pub fn send(url: &Url, request: Request) -> Result<Response, WireError> {
    exchange(Stream::open(url)?, request)
}

/// Asks over a connection that is already there.
pub fn exchange(mut stream: Stream, request: Request) -> Result<Response, WireError> {
    write_request(&mut stream, request)?;
    read_response(&mut BufReader::new(stream))
}

fn write_request(stream: &mut impl Write, request: Request) -> io::Result<()> {
    let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target, request.host);
    head.push_str(&format!("User-Agent: {}\r\n", request.user_agent));
    match &request.body {
        Body::None => {}
        Body::Sized(bytes) => head.push_str(&format!("Content-Length: {}\r\n", bytes.len())),
        Body::Chunked(_) => head.push_str("Transfer-Encoding: chunked\r\n"),
        Body::Stream(_, length) => head.push_str(&format!("Content-Length: {length}\r\n")),
    }
    for (name, value) in request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut message = head.into_bytes();
    match request.body {
        Body::None => {}
        Body::Sized(bytes) => message.extend(bytes),
        Body::Chunked(bytes) => {
            message.extend(format!("{:x}\r\n", bytes.len()).bytes());
            message.extend(bytes);
            message.extend(b"\r\n0\r\n\r\n");
        }
        Body::Stream(mut source, _) => {
            stream.write_all(&message)?;
            io::copy(&mut source, stream)?;
            return stream.flush();
        }
    }
    stream.write_all(&message)?;
    stream.flush()
}

fn read_response(reader: &mut impl BufRead) -> Result<Response, WireError> {
    let (mut status, mut headers) = read_head(reader)?;
    while status == 100 {
        (status, headers) = read_head(reader)?;
    }
    let mut response = Response { status, headers, body: Vec::new() };
    response.body = read_body(reader, &response)?;
    if response.header("content-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip")) {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(response.body.as_slice()).read_to_end(&mut unpacked)?;
        response.body = unpacked;
    }
    Ok(response)
}

fn read_head(reader: &mut impl BufRead) -> Result<(u16, Vec<(String, String)>), WireError> {
    let first = read_line(reader)?;
    let status = first.split_whitespace().nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| WireError::Malformed(first.clone()))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| WireError::Malformed(line.clone()))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
}

fn read_body(reader: &mut impl BufRead, response: &Response) -> Result<Vec<u8>, WireError> {
    let mut body = Vec::new();
    if response.status == 204 || response.status == 304 {
        return Ok(body);
    }
    if response.header("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
        loop {
            let line = read_line(reader)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| WireError::Malformed(line.clone()))?;
            read_exactly(reader, size, &mut body)?;
            read_line(reader)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    match response.header("content-length") {
        Some(length) => {
            let length = length.parse().map_err(|_| WireError::Malformed(length.to_owned()))?;
            read_exactly(reader, length, &mut body)?;
        }
        None => {
            reader.read_to_end(&mut body)?;
        }
    }
    Ok(body)
}

fn read_exactly(reader: &mut impl BufRead, size: u64, body: &mut Vec<u8>) -> Result<(), WireError> {
    if reader.take(size).read_to_end(body)? as u64 != size {
        return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(())
}

fn read_line(reader: &mut impl BufRead) -> Result<String, WireError> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_request_has_no_length() {
        let mut written = Vec::new();
        let headers = [("X-Amz-Target", "AmazonSSM.RequestManagedInstanceRoleToken")];
        let body = Body::Chunked(b"{}");
        let request =
            Request { method: "POST", host: "h", target: "/", user_agent: "a", headers: &headers, body };
        write_request(&mut written, request).unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "POST / HTTP/1.1\r\nHost: h\r\nUser-Agent: a\r\nTransfer-Encoding: chunked\r\n\
             X-Amz-Target: AmazonSSM.RequestManagedInstanceRoleToken\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        );
    }

    #[test]
    fn answers_are_read_sized_chunked_and_to_the_end() {
        let read = |text: &str| read_response(&mut text.as_bytes());
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}trailing").unwrap().text(), "{}");
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x\r\nbc\r\n0\r\n\r\n";
        assert_eq!(read(chunked).unwrap().text(), "abc");
        assert_eq!(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\nxml").unwrap().status, 201);
        assert!(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut").is_err());
        assert!(read("SSH-2.0\r\n\r\n").is_err());
    }
}
