/* Specimens of request heads by section of RFC 9112 and 9110. Each is fed whole, octet by octet, cut at every place and cut off at every
 * place; each accepted one is written back from what was parsed and parsed again. */
#include "proto/base/writer.h"
#include "proto/http/http_request.h"
#include "tests/unit/test.h"

#define G "GET / HTTP/1.1\r\n"
#define H "Host: h\r\n"
#define E "\r\n"
#define P "POST / HTTP/1.1\r\nHost: h\r\n"

struct specimen {
    const char *section;
    struct span input;
    enum http_reason reason;
    const char *summary; /* of an accepted one: method|path|query|host|minor|body|flags|fields */
};

#define A(section, text, summary) {section, {(const uint8_t *)(text), sizeof(text) - 1}, HTTP_REASON_NONE, summary}
#define R(section, text, why) {section, {(const uint8_t *)(text), sizeof(text) - 1}, HTTP_REASON_##why, NULL}

/* clang-format off */
static const struct specimen specimens[] = {
    /* RFC 9112 §2.2: message parsing */
    A("9112 2.2", G H E, "GET|/||h|1|-|k|1"),
    A("9112 2.2 one empty line before", E G H E, "GET|/||h|1|-|k|1"),
    R("9112 2.2 two empty lines before", E E G H E, EMPTY_LINES),
    R("9112 2.2 bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", BARE_LF),
    R("9112 2.2 bare LF after a field", G "Host: h\n\r\n", BARE_LF),
    R("9112 2.2 bare LF ends the head", G H "\n", BARE_LF),
    R("9112 2.2 bare LF first", "\nGET / HTTP/1.1\r\n", BARE_LF),
    R("9112 2.2 bare CR in the request line", "GET /\r HTTP/1.1\r\n", BARE_CR),
    R("9112 2.2 bare CR in a name", G "Ho\rst: h\r\n\r\n", BARE_CR),
    R("9112 2.2 bare CR in a value", G "Host: h\rX: y\r\n\r\n", BARE_CR),
    R("9112 2.2 CR CR LF", G "Host: h\r\r\n\r\n", BARE_CR),
    R("9112 2.2 bare CR first", "\rGET / HTTP/1.1\r\n", BARE_CR),
    R("9112 2.2 white space between request line and fields", G " Host: h\r\n\r\n", OBS_FOLD),
    R("9112 2.2 tab between request line and fields", G "\tHost: h\r\n\r\n", OBS_FOLD),
    R("9112 2.2 TLS on the plain side", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", CONTROL_OCTET),
    R("9112 2.2 NUL first", "\0GET / HTTP/1.1\r\n", CONTROL_OCTET),
    R("9112 2.2 octet above 7F first", "\xffGET / HTTP/1.1\r\n", METHOD),
    /* RFC 9112 §2.3: version */
    A("9112 2.3 1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET|/|||0|-|x|0"),
    A("9112 2.3 1.0 with Host", "GET / HTTP/1.0\r\n" H E, "GET|/||h|0|-|x|1"),
    R("9112 2.3 lower case", "GET / http/1.1\r\n" H E, VERSION),
    R("9112 2.3 mixed case", "GET / Http/1.1\r\n" H E, VERSION),
    R("9112 2.3 0.9", "GET / HTTP/0.9\r\n" H E, VERSION_UNSUPPORTED),
    R("9112 2.3 2.0", "GET / HTTP/2.0\r\n" H E, VERSION_UNSUPPORTED),
    R("9113 3.4 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION_UNSUPPORTED),
    R("9112 2.3 1.2", "GET / HTTP/1.2\r\n" H E, VERSION_UNSUPPORTED),
    R("9112 2.3 1.9", "GET / HTTP/1.9\r\n" H E, VERSION_UNSUPPORTED),
    R("9112 2.3 3.0", "GET / HTTP/3.0\r\n" H E, VERSION_UNSUPPORTED),
    R("9112 2.3 9.9", "GET / HTTP/9.9\r\n" H E, VERSION_UNSUPPORTED),
    R("9112 2.3 two digits", "GET / HTTP/1.10\r\n" H E, VERSION),
    R("9112 2.3 leading zero", "GET / HTTP/01.1\r\n" H E, VERSION),
    R("9112 2.3 no minor", "GET / HTTP/1.\r\n" H E, VERSION),
    R("9112 2.3 no dot", "GET / HTTP/11\r\n" H E, VERSION),
    R("9112 2.3 comma", "GET / HTTP/1,1\r\n" H E, VERSION),
    R("9112 2.3 no slash", "GET / HTTP 1.1\r\n" H E, REQUEST_LINE),
    R("9112 2.3 other protocol", "GET / HTTQ/1.1\r\n" H E, VERSION),
    R("9112 2.3 RTSP", "GET / RTSP/1.0\r\n" H E, VERSION),
    R("9112 2.3 letters", "GET / HTTP/a.b\r\n" H E, VERSION),
    R("9112 2.3 negative", "GET / HTTP/-1.1\r\n" H E, VERSION),
    R("9112 2.3 trailing letter", "GET / HTTP/1.1x\r\n" H E, VERSION),
    R("9112 2.3 trailing tab", "GET / HTTP/1.1\t\r\n" H E, VERSION),
    /* RFC 9112 §3: request line */
    R("9112 3 no version", "GET /\r\n" H E, REQUEST_LINE),
    R("9112 3 HTTP/0.9 with a space", "GET / \r\n" H E, VERSION),
    R("9112 3 method alone", "GET\r\n" H E, REQUEST_LINE),
    R("9112 3 method and space", "GET \r\n" H E, REQUEST_LINE),
    R("9112 3 no target", "GET  HTTP/1.1\r\n" H E, REQUEST_LINE),
    R("9112 3 no target, one space", "GET HTTP/1.1\r\n" H E, REQUEST_LINE),
    R("9112 3 two spaces before the target", "GET  / HTTP/1.1\r\n" H E, REQUEST_LINE),
    R("9112 3 two spaces before the version", "GET /  HTTP/1.1\r\n" H E, REQUEST_LINE),
    R("9112 3 space in the target", "GET /a b HTTP/1.1\r\n" H E, REQUEST_LINE),
    R("9112 3 trailing space", "GET / HTTP/1.1 \r\n" H E, REQUEST_LINE),
    R("9112 3 leading space", " GET / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3 leading tab", "\tGET / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3 tab for a space", "GET\t/ HTTP/1.1\r\n" H E, METHOD),
    R("9112 3 tab before the version", "GET /\tHTTP/1.1\r\n" H E, REQUEST_LINE),
    R("9112 3 vertical tab", "GET /\x0bHTTP/1.1\r\n" H E, CONTROL_OCTET),
    /* RFC 9112 §3.1, RFC 9110 §9: method */
    A("9110 9.3.1", "GET /a HTTP/1.1\r\n" H E, "GET|/a||h|1|-|k|1"),
    A("9110 9.3.2", "HEAD /a HTTP/1.1\r\n" H E, "HEAD|/a||h|1|-|k|1"),
    A("9110 9.3.3", "POST /a HTTP/1.1\r\n" H E, "POST|/a||h|1|-|k|1"),
    A("9110 9.3.4", "PUT /a HTTP/1.1\r\n" H E, "PUT|/a||h|1|-|k|1"),
    A("5789 2", "PATCH /a HTTP/1.1\r\n" H E, "PATCH|/a||h|1|-|k|1"),
    A("9110 9.3.5", "DELETE /a HTTP/1.1\r\n" H E, "DELETE|/a||h|1|-|k|1"),
    A("9110 9.3.7", "OPTIONS /a HTTP/1.1\r\n" H E, "OPTIONS|/a||h|1|-|k|1"),
    A("9110 9.3.8", "TRACE /a HTTP/1.1\r\n" H E, "TRACE|/a||h|1|-|k|1"),
    A("9110 9.1 case-sensitive", "get /a HTTP/1.1\r\n" H E, "other|/a||h|1|-|k|1"),
    A("9110 9.1 unknown", "BREW /pot HTTP/1.1\r\n" H E, "other|/pot||h|1|-|k|1"),
    A("9110 5.6.2 odd token", "M!#$%&'*+-.^_`|~0 / HTTP/1.1\r\n" H E, "other|/||h|1|-|k|1"),
    A("9112 3.1 32 octets", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\n" H E, "other|/||h|1|-|k|1"),
    R("9112 3 33 octets", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" H E, METHOD_TOO_LONG),
    R("9112 3.1 colon", "GE:T / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3.1 slash", "GE/T / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3.1 quote", "\"GET\" / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3.1 brackets", "(GET) / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3.1 UTF-8", "G\xc3\x89T / HTTP/1.1\r\n" H E, METHOD),
    R("9112 3.1 field line first", "Host: h\r\n" E, METHOD),
    R("9110 9.3.6 authority form", "CONNECT h:443 HTTP/1.1\r\n" H E, CONNECT),
    R("9110 9.3.6 origin form", "CONNECT / HTTP/1.1\r\n" H E, CONNECT),
    /* RFC 9112 §3.2.1: origin form; RFC 3986 §3.3-3.4 */
    A("9112 3.2.1 query", "GET /where?q=now HTTP/1.1\r\n" H E, "GET|/where|q=now|h|1|-|k|1"),
    A("9112 3.2.1 empty query", "GET /where? HTTP/1.1\r\n" H E, "GET|/where||h|1|-|k|1"),
    A("9112 3.2.1 two marks", "GET /a?b?c=/d HTTP/1.1\r\n" H E, "GET|/a|b?c=/d|h|1|-|k|1"),
    A("3986 3.3 every pchar", "GET /-._~!$&'()*+,;=:@azAZ09%41 HTTP/1.1\r\n" H E, "GET|/-._~!$&'()*+,;=:@azAZ09%41||h|1|-|k|1"),
    A("3986 3.3 two slashes", "GET //a//b HTTP/1.1\r\n" H E, "GET|//a//b||h|1|-|k|1"),
    A("3986 3.3 dots are for the decoder", "GET /a/../b HTTP/1.1\r\n" H E, "GET|/a/../b||h|1|-|k|1"),
    A("3986 2.1 lower-case escape", "GET /%e4%bd%a0 HTTP/1.1\r\n" H E, "GET|/%e4%bd%a0||h|1|-|k|1"),
    R("3986 2.1 cut escape", "GET /%4 HTTP/1.1\r\n" H E, TARGET),
    R("3986 2.1 lone percent", "GET /% HTTP/1.1\r\n" H E, TARGET),
    R("3986 2.1 not hexadecimal", "GET /%4g HTTP/1.1\r\n" H E, TARGET),
    R("3986 2.1 in the query", "GET /?%zz HTTP/1.1\r\n" H E, TARGET),
    R("3986 2.1 cut in the query", "GET /?a=%a HTTP/1.1\r\n" H E, TARGET),
    R("3986 3.5 fragment", "GET /a#b HTTP/1.1\r\n" H E, TARGET),
    R("3986 3.5 fragment in the query", "GET /a?b#c HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 quote", "GET /\"a HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 less", "GET /<a HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 backslash", "GET /a\\..\\b HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 caret", "GET /^ HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 backtick", "GET /` HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 brace", "GET /{a} HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 bar", "GET /a|b HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 bracket", "GET /[a] HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 raw UTF-8", "GET /\xe4\xbd\xa0 HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 tab in the target", "GET /a\tb HTTP/1.1\r\n" H E, TARGET),
    R("3986 2 NUL in the target", "GET /a\0b HTTP/1.1\r\n" H E, CONTROL_OCTET),
    R("3986 2 DEL in the target", "GET /a\x7f HTTP/1.1\r\n" H E, CONTROL_OCTET),
    R("9112 3.2.1 no slash", "GET a HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.1 query alone", "GET ?a HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.3 authority form of GET", "GET h:80 HTTP/1.1\r\n" H E, TARGET),
    /* RFC 9112 §3.2.2: absolute form */
    A("9112 3.2.2", "GET http://www.example.org/pub/ HTTP/1.1\r\n" H E, "GET|/pub/||www.example.org|1|-|k|1"),
    A("9112 3.2.2 https, port, query", "GET https://a:8443/p?q HTTP/1.1\r\n" H E, "GET|/p|q|a:8443|1|-|k|1"),
    A("9112 3.2.2 upper-case scheme", "GET HTTP://a/ HTTP/1.1\r\n" H E, "GET|/||a|1|-|k|1"),
    A("9112 3.2.2 no path", "GET http://a HTTP/1.1\r\n" H E, "GET|/||a|1|-|k|1"),
    A("9112 3.2.2 no path, query", "GET http://a?q HTTP/1.1\r\n" H E, "GET|/|q|a|1|-|k|1"),
    A("9112 3.2.2 IPv6", "GET http://[::1]:8/ HTTP/1.1\r\n" H E, "GET|/||[::1]:8|1|-|k|1"),
    A("9112 3.2.2 1.0 without Host", "GET http://a/ HTTP/1.0\r\n\r\n", "GET|/||a|0|-|x|0"),
    R("9112 3.2.2 Host missing all the same", "GET http://a/ HTTP/1.1\r\n\r\n", HOST_MISSING),
    R("9112 3.2.2 bad Host all the same", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", HOST),
    R("9110 4.2.1 empty host", "GET http:///a HTTP/1.1\r\n" H E, TARGET),
    R("9110 4.2.1 port alone", "GET http://:80/ HTTP/1.1\r\n" H E, TARGET),
    R("9110 4.2.4 userinfo", "GET http://u@a/ HTTP/1.1\r\n" H E, TARGET),
    R("9110 4.2.4 user and password", "GET http://u:p@a/ HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 other scheme", "GET ftp://a/ HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 file", "GET file:///etc/passwd HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 scheme alone", "GET http:// HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 one slash", "GET http:/a HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 bad query", "GET http://a?% HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 bad path", "GET http://a/<> HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.2 port too large", "GET http://a:65536/ HTTP/1.1\r\n" H E, TARGET),
    /* RFC 9112 §3.2.4: asterisk form */
    A("9112 3.2.4", "OPTIONS * HTTP/1.1\r\n" H E, "OPTIONS|*||h|1|-|k|1"),
    A("9112 3.2.4 absolute", "OPTIONS http://a:8001 HTTP/1.1\r\n" H E, "OPTIONS|*||a:8001|1|-|k|1"),
    A("9112 3.2.4 absolute with slash", "OPTIONS http://a/ HTTP/1.1\r\n" H E, "OPTIONS|/||a|1|-|k|1"),
    R("9112 3.2.4 GET *", "GET * HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.4 more than *", "OPTIONS *a HTTP/1.1\r\n" H E, TARGET),
    R("9112 3.2.4 /*", "OPTIONS ** HTTP/1.1\r\n" H E, TARGET),
    /* RFC 9112 §3.2, RFC 9110 §7.2: Host */
    R("9112 3.2 missing", G E, HOST_MISSING),
    R("9112 3.2 missing among others", G "Accept: */*\r\nX-Host: h\r\n\r\n", HOST_MISSING),
    R("9112 3.2 twice", G H H E, HOST_REPEATED),
    R("9112 3.2 twice, different", G H "Host: evil\r\n\r\n", HOST_REPEATED),
    R("9112 3.2 twice, case", G H "HOST: h\r\n\r\n", HOST_REPEATED),
    R("9112 3.2 twice in 1.0", "GET / HTTP/1.0\r\n" H H E, HOST_REPEATED),
    R("9112 3.2 empty", G "Host:\r\n\r\n", HOST),
    R("9112 3.2 blank", G "Host:  \t \r\n\r\n", HOST),
    R("9112 3.2 bad in 1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", HOST),
    A("9110 7.2 port", G "Host: example.org:8443\r\n\r\n", "GET|/||example.org:8443|1|-|k|1"),
    A("9110 7.2 empty port", G "Host: example.org:\r\n\r\n", "GET|/||example.org:|1|-|k|1"),
    A("9110 7.2 port 0", G "Host: a:0\r\n\r\n", "GET|/||a:0|1|-|k|1"),
    A("9110 7.2 port 65535", G "Host: a:65535\r\n\r\n", "GET|/||a:65535|1|-|k|1"),
    R("9110 7.2 port 65536", G "Host: a:65536\r\n\r\n", HOST),
    R("9110 7.2 port beyond 64 bits", G "Host: a:99999999999999999999999\r\n\r\n", HOST),
    R("9110 7.2 port of letters", G "Host: a:http\r\n\r\n", HOST),
    R("9110 7.2 negative port", G "Host: a:-1\r\n\r\n", HOST),
    R("9110 7.2 two ports", G "Host: a:1:2\r\n\r\n", HOST),
    R("9110 7.2 port alone", G "Host: :80\r\n\r\n", HOST),
    R("9110 7.2 list", G "Host: a, b\r\n\r\n", HOST),
    R("9110 7.2 two names", G "Host: a b\r\n\r\n", HOST),
    R("9110 7.2 userinfo", G "Host: u@a\r\n\r\n", HOST),
    R("9110 7.2 scheme", G "Host: http://a\r\n\r\n", HOST),
    R("9110 7.2 path", G "Host: a/b\r\n\r\n", HOST),
    R("9110 7.2 markup", G "Host: a\"><script>\r\n\r\n", HOST),
    R("9110 7.2 backslash", G "Host: a\\b\r\n\r\n", HOST),
    R("9110 7.2 raw UTF-8", G "Host: \xe4\xbd\xa0.cn\r\n\r\n", HOST),
    A("9110 7.2 punycode", G "Host: xn--6qq79v.cn\r\n\r\n", "GET|/||xn--6qq79v.cn|1|-|k|1"),
    A("3986 3.2.2 escapes", G "Host: a%20b\r\n\r\n", "GET|/||a%20b|1|-|k|1"),
    R("3986 3.2.2 cut escape", G "Host: a%2\r\n\r\n", HOST),
    A("3986 3.2.2 sub-delims", G "Host: a!$&'()*+,;=b\r\n\r\n", "GET|/||a!$&'()*+,;=b|1|-|k|1"),
    A("3986 3.2.2 IPv4", G "Host: 10.0.0.1:8\r\n\r\n", "GET|/||10.0.0.1:8|1|-|k|1"),
    A("3986 3.2.2 IPv6", G "Host: [2001:db8::7]\r\n\r\n", "GET|/||[2001:db8::7]|1|-|k|1"),
    A("3986 3.2.2 IPv6 whole", G "Host: [1:2:3:4:5:6:7:8]:9\r\n\r\n", "GET|/||[1:2:3:4:5:6:7:8]:9|1|-|k|1"),
    A("3986 3.2.2 IPv6 ::", G "Host: [::]\r\n\r\n", "GET|/||[::]|1|-|k|1"),
    A("3986 3.2.2 IPv6 gap at the end", G "Host: [1::]\r\n\r\n", "GET|/||[1::]|1|-|k|1"),
    A("3986 3.2.2 IPv6 seven and gap", G "Host: [1:2:3:4:5:6:7::]\r\n\r\n", "GET|/||[1:2:3:4:5:6:7::]|1|-|k|1"),
    A("3986 3.2.2 IPv4 in IPv6", G "Host: [::ffff:127.0.0.1]\r\n\r\n", "GET|/||[::ffff:127.0.0.1]|1|-|k|1"),
    A("3986 3.2.2 IPv4 in six groups", G "Host: [1:2:3:4:5:6:1.2.3.4]\r\n\r\n", "GET|/||[1:2:3:4:5:6:1.2.3.4]|1|-|k|1"),
    R("3986 3.2.2 IPv6 without brackets", G "Host: 2001:db8::7\r\n\r\n", HOST),
    R("3986 3.2.2 not closed", G "Host: [::1\r\n\r\n", HOST),
    R("3986 3.2.2 empty brackets", G "Host: []\r\n\r\n", HOST),
    R("3986 3.2.2 something behind", G "Host: [::1]a\r\n\r\n", HOST),
    R("3986 3.2.2 seven groups", G "Host: [1:2:3:4:5:6:7]\r\n\r\n", HOST),
    R("3986 3.2.2 nine groups", G "Host: [1:2:3:4:5:6:7:8:9]\r\n\r\n", HOST),
    R("3986 3.2.2 eight groups and gap", G "Host: [1:2:3:4::5:6:7:8]\r\n\r\n", HOST),
    R("3986 3.2.2 two gaps", G "Host: [1::2::3]\r\n\r\n", HOST),
    R("3986 3.2.2 three colons", G "Host: [:::1]\r\n\r\n", HOST),
    R("3986 3.2.2 colon at the end", G "Host: [1:2:3:4:5:6:7:8:]\r\n\r\n", HOST),
    R("3986 3.2.2 colon at the end, gap before", G "Host: [1::2:]\r\n\r\n", HOST),
    R("3986 3.2.2 one colon first", G "Host: [:1:2:3:4:5:6:7]\r\n\r\n", HOST),
    R("3986 3.2.2 five digits", G "Host: [12345::]\r\n\r\n", HOST),
    R("3986 3.2.2 not hexadecimal", G "Host: [g::]\r\n\r\n", HOST),
    R("3986 3.2.2 zone", G "Host: [fe80::1%25eth0]\r\n\r\n", HOST),
    R("3986 3.2.2 IPv4 group of 256", G "Host: [::1.2.3.256]\r\n\r\n", HOST),
    R("3986 3.2.2 IPv4 with zero first", G "Host: [::1.2.3.04]\r\n\r\n", HOST),
    R("3986 3.2.2 IPv4 of three", G "Host: [::1.2.3]\r\n\r\n", HOST),
    R("3986 3.2.2 IPv4 of five", G "Host: [::1.2.3.4.5]\r\n\r\n", HOST),
    R("3986 3.2.2 IPv4 not last", G "Host: [1.2.3.4::]\r\n\r\n", HOST),
    R("3986 3.2.2 IPv4 after seven", G "Host: [1:2:3:4:5:6:7:1.2.3.4]\r\n\r\n", HOST),
    /* RFC 9112 §5: field lines */
    A("9112 5 no white space", G "Host:h\r\n\r\n", "GET|/||h|1|-|k|1"),
    A("9112 5 much white space", G "Host: \t h \t \r\n\r\n", "GET|/||h|1|-|k|1"),
    A("9112 5 empty value", G H "X:\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 5 blank value", G H "X: \t\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 5 colons in the value", G H "X: a:b::c\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 5 last field is a short name", G H "A: y\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 5 last field is X", G H "X: y\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 5 prefix of a known name", G H "Hos: y\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9110 5.1 name case", G "hOsT: h\r\n\r\n", "GET|/||h|1|-|k|1"),
    A("9110 5.1 every tchar", G H "!#$%&'*+-.^_`|~09azAZ: y\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9110 5.5 obs-text", G H "X: \xe4\xbd\xa0\xff\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9110 5.5 tab inside", G H "X: a\tb\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9110 5.3 same list field twice", G H "Accept: a/b\r\nAccept: c/d\r\n\r\n", "GET|/||h|1|-|k|3"),
    R("9112 5.1 space before the colon", G "Host : h\r\n\r\n", FIELD_NAME),
    R("9112 5.1 tab before the colon", G "Host\t: h\r\n\r\n", FIELD_NAME),
    R("9112 5.1 space in the name", G H "X Y: z\r\n\r\n", FIELD_NAME),
    R("9112 5.1 space before the colon of a length", P "Content-Length : 5\r\n\r\n", FIELD_NAME),
    R("9112 5.1 space before the colon of a coding", P "Transfer-Encoding : chunked\r\n\r\n", FIELD_NAME),
    R("9112 5 no colon", G H "nonsense\r\n\r\n", FIELD_NAME),
    R("9112 5 empty name", G H ": y\r\n\r\n", FIELD_NAME),
    R("9112 5 colon alone", G H ":\r\n\r\n", FIELD_NAME),
    R("9110 5.1 bracket", G H "X(: y\r\n\r\n", FIELD_NAME),
    R("9110 5.1 quote", G H "\"X\": y\r\n\r\n", FIELD_NAME),
    R("9110 5.1 slash", G H "X/Y: y\r\n\r\n", FIELD_NAME),
    R("9110 5.1 UTF-8", G H "\xc3\xa9: y\r\n\r\n", FIELD_NAME),
    R("9110 5.1 NUL", G H "X\0: y\r\n\r\n", CONTROL_OCTET),
    R("9110 5.5 NUL in a value", G H "X: a\0b\r\n\r\n", CONTROL_OCTET),
    R("9110 5.5 escape in a value", G H "X: \x1b[31m\r\n\r\n", CONTROL_OCTET),
    R("9110 5.5 DEL in a value", G H "X: \x7f\r\n\r\n", CONTROL_OCTET),
    R("9110 5.5 backspace in a value", G H "X: \b\r\n\r\n", CONTROL_OCTET),
    R("9110 5.5 form feed in a value", G H "X: \f\r\n\r\n", CONTROL_OCTET),
    R("9112 5.2 fold with a space", G H "X: a\r\n b\r\n\r\n", OBS_FOLD),
    R("9112 5.2 fold with a tab", G H "X: a\r\n\tb\r\n\r\n", OBS_FOLD),
    R("9112 5.2 fold of nothing", G H "X: a\r\n \r\n\r\n", OBS_FOLD),
    R("9112 5.2 fold of a coding", P "Transfer-Encoding:\r\n chunked\r\n\r\n", OBS_FOLD),
    R("9110 5.3 two Content-Type", P "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", FIELD_REPEATED),
    R("9110 5.3 two Authorization", G H "Authorization: a\r\nAuthorization: b\r\n\r\n", FIELD_REPEATED),
    R("6265 5.4 two Cookie", G H "Cookie: a=b\r\ncookie: c=d\r\n\r\n", FIELD_REPEATED),
    R("6454 7.1 two Origin", G H "Origin: https://a\r\nOrigin: https://b\r\n\r\n", FIELD_REPEATED),
    R("9110 5.3 two Range", G H "Range: bytes=0-\r\nRange: bytes=1-\r\n\r\n", FIELD_REPEATED),
    R("9110 5.3 two If-Range", G H "If-Range: \"a\"\r\nIf-Range: \"b\"\r\n\r\n", FIELD_REPEATED),
    R("9110 5.3 two If-Modified-Since", G H "If-Modified-Since: a\r\nIf-Modified-Since: b\r\n\r\n", FIELD_REPEATED),
    /* RFC 9112 §6: body */
    A("9112 6.3 none", P E, "POST|/||h|1|-|k|1"),
    A("9112 6.2", P "Content-Length: 5\r\n\r\n", "POST|/||h|1|5|k|2"),
    A("9112 6.2 zero", P "Content-Length: 0\r\n\r\n", "POST|/||h|1|-|k|2"),
    A("9112 6.2 leading zeros", P "Content-Length: 0005\r\n\r\n", "POST|/||h|1|5|k|2"),
    A("9112 6.2 GET with a body", G H "Content-Length: 5\r\n\r\n", "GET|/||h|1|5|k|2"),
    A("9112 6.2 in 1.0", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", "POST|/|||0|5|x|1"),
    A("9112 6.2 name case", P "CONTENT-LENGTH: 7\r\n\r\n", "POST|/||h|1|7|k|2"),
    A("9112 6.2 2^53 - 1", P "Content-Length: 9007199254740991\r\n\r\n", "POST|/||h|1|9007199254740991|k|2"),
    R("9112 6.2 2^53", P "Content-Length: 9007199254740992\r\n\r\n", LENGTH),
    R("9112 6.2 2^63", P "Content-Length: 9223372036854775808\r\n\r\n", LENGTH),
    R("9112 6.2 2^64", P "Content-Length: 18446744073709551616\r\n\r\n", LENGTH),
    R("9112 6.2 2^64 + 5", P "Content-Length: 18446744073709551621\r\n\r\n", LENGTH),
    R("9112 6.2 forty digits", P "Content-Length: 1111111111111111111111111111111111111111\r\n\r\n", LENGTH),
    R("9112 6.2 empty", P "Content-Length:\r\n\r\n", LENGTH),
    R("9112 6.2 plus", P "Content-Length: +2\r\n\r\n", LENGTH),
    R("9112 6.2 minus", P "Content-Length: -2\r\n\r\n", LENGTH),
    R("9112 6.2 minus zero", P "Content-Length: -0\r\n\r\n", LENGTH),
    R("9112 6.2 hexadecimal", P "Content-Length: 0x2\r\n\r\n", LENGTH),
    R("9112 6.2 hexadecimal digits", P "Content-Length: a\r\n\r\n", LENGTH),
    R("9112 6.2 fraction", P "Content-Length: 2.0\r\n\r\n", LENGTH),
    R("9112 6.2 exponent", P "Content-Length: 2e1\r\n\r\n", LENGTH),
    R("9112 6.2 space inside", P "Content-Length: 2 3\r\n\r\n", LENGTH),
    R("9112 6.2 letters behind", P "Content-Length: 5x\r\n\r\n", LENGTH),
    R("9112 6.2 quotes", P "Content-Length: \"5\"\r\n\r\n", LENGTH),
    R("9112 6.2 Arabic digits", P "Content-Length: \xd9\xa5\r\n\r\n", LENGTH),
    R("9112 6.3 list, different", P "Content-Length: 2, 3\r\n\r\n", LENGTH),
    R("9112 6.3 list, the same", P "Content-Length: 5, 5\r\n\r\n", LENGTH),
    R("9112 6.3 comma behind", P "Content-Length: 5,\r\n\r\n", LENGTH),
    R("9112 6.3 two different", P "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", LENGTH_REPEATED),
    R("9112 6.3 two the same", P "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", LENGTH_REPEATED),
    R("9112 6.3 two, one empty", P "Content-Length: 5\r\nContent-Length:\r\n\r\n", LENGTH_REPEATED),
    A("9112 7.1", P "Transfer-Encoding: chunked\r\n\r\n", "POST|/||h|1|c|k|2"),
    A("9112 7 case", P "transfer-encoding: CHUNKED\r\n\r\n", "POST|/||h|1|c|k|2"),
    A("9112 7 empty elements", P "Transfer-Encoding: ,chunked, ,\r\n\r\n", "POST|/||h|1|c|k|2"),
    R("9112 6.1 both", P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", LENGTH_AND_CODING),
    R("9112 6.1 both, other order", P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", LENGTH_AND_CODING),
    R("9112 6.1 both, length 0", P "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", LENGTH_AND_CODING),
    R("9112 6.1 both, unknown coding", P "Transfer-Encoding: x\r\nContent-Length: 5\r\n\r\n", LENGTH_AND_CODING),
    R("9112 6.1 in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", CODING_VERSION),
    R("9112 6.1 twice chunked", P "Transfer-Encoding: chunked, chunked\r\n\r\n", CODING),
    R("9112 6.1 twice chunked, two lines", P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", CODING),
    R("9112 6.3 gzip then chunked", P "Transfer-Encoding: gzip, chunked\r\n\r\n", CODING_UNSUPPORTED),
    R("9112 6.3 two lines", P "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", CODING_UNSUPPORTED),
    R("9112 6.3 identity then chunked", P "Transfer-Encoding: identity, chunked\r\n\r\n", CODING_UNSUPPORTED),
    R("9112 7 parameter of another", P "Transfer-Encoding: x;a=b, chunked\r\n\r\n", CODING_UNSUPPORTED),
    R("9112 6.3 chunked not last", P "Transfer-Encoding: chunked, gzip\r\n\r\n", CODING),
    R("9112 6.3 gzip alone", P "Transfer-Encoding: gzip\r\n\r\n", CODING),
    R("9112 6.3 identity", P "Transfer-Encoding: identity\r\n\r\n", CODING),
    R("9112 6.3 empty", P "Transfer-Encoding:\r\n\r\n", CODING),
    R("9112 6.3 unknown", P "Transfer-Encoding: xchunked\r\n\r\n", CODING),
    R("9112 6.3 chunked in quotes", P "Transfer-Encoding: \"chunked\"\r\n\r\n", CODING),
    R("9112 6.3 white space inside", P "Transfer-Encoding: chun ked\r\n\r\n", CODING),
    R("9112 6.3 x20 folded name", P "Transfer-Encoding: chunked x\r\n\r\n", CODING),
    R("9112 7.1 parameter of chunked", P "Transfer-Encoding: chunked;q=1\r\n\r\n", CODING),
    R("9112 6.3 tab in the value", P "Transfer-Encoding: chunk\ted\r\n\r\n", CODING),
    R("9112 6.3 NUL behind", P "Transfer-Encoding: chunked\0\r\n\r\n", CONTROL_OCTET),
    R("9112 6.3 VT before", P "Transfer-Encoding: \x0b" "chunked\r\n\r\n", CONTROL_OCTET),
    A("9110 8.6 underscore is another name", P "Content_Length: 5\r\n\r\n", "POST|/||h|1|-|k|2"),
    /* RFC 9112 §9.3: persistence */
    A("9112 9.3 close", G H "Connection: close\r\n\r\n", "GET|/||h|1|-|x|2"),
    A("9112 9.3 close, case", G H "connection: CLOSE\r\n\r\n", "GET|/||h|1|-|x|2"),
    A("9112 9.3 close in a list", G H "Connection: foo, close ,bar\r\n\r\n", "GET|/||h|1|-|x|2"),
    A("9112 9.3 close in a second line", G H "Connection: foo\r\nConnection: close\r\n\r\n", "GET|/||h|1|-|x|3"),
    A("9112 9.3 both", G H "Connection: keep-alive, close\r\n\r\n", "GET|/||h|1|-|x|2"),
    A("9112 9.3 keep-alive", G H "Connection: keep-alive\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 9.3 not close", G H "Connection: closed\r\n\r\n", "GET|/||h|1|-|k|2"),
    A("9112 9.3 1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET|/|||0|-|k|1"),
    A("9112 9.3 1.0 other", "GET / HTTP/1.0\r\nConnection: upgrade\r\n\r\n", "GET|/|||0|-|x|1"),
    A("9112 9.3 empty list", G H "Connection: ,\r\n\r\n", "GET|/||h|1|-|k|2"),
    R("9110 7.6.1 no token", G H "Connection: a b\r\n\r\n", CONNECTION),
    R("9110 7.6.1 quotes", G H "Connection: \"close\"\r\n\r\n", CONNECTION),
    R("9110 7.6.1 semicolon", G H "Connection: close;\r\n\r\n", CONNECTION),
    /* RFC 9110 §10.1.1 */
    A("9110 10.1.1", P "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", "POST|/||h|1|3|ke|3"),
    A("9110 10.1.1 case", P "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n", "POST|/||h|1|3|ke|3"),
    A("9110 10.1.1 chunked", P "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", "POST|/||h|1|c|ke|3"),
    A("9110 10.1.1 no body", P "Expect: 100-continue\r\n\r\n", "POST|/||h|1|-|k|2"),
    A("9110 10.1.1 in 1.0", "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "POST|/|||0|3|x|2"),
    A("9110 10.1.1 other in 1.0", "POST / HTTP/1.0\r\nExpect: x\r\n\r\n", "POST|/|||0|-|x|1"),
    R("9110 10.1.1 other", P "Content-Length: 3\r\nExpect: 200-ok\r\n\r\n", EXPECTATION),
    R("9110 10.1.1 one more", P "Content-Length: 3\r\nExpect: 100-continue, x\r\n\r\n", EXPECTATION),
    /* RFC 9110 §7.8: other upgrades are ignored */
    A("9110 7.8 h2c", G H "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", "GET|/||h|1|-|k|4"),
    A("9110 7.8 unknown", G H "Upgrade: TLS/1.0, IRC/6.9\r\nConnection: upgrade\r\n\r\n", "GET|/||h|1|-|k|3"),
};
/* clang-format on */

static const char *const method_names[] = {"other", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"};

static void summarise(const struct http_request *r, char *out, size_t len)
{
    char body[32] = "-";
    if (r->body == HTTP_BODY_CHUNKED) {
        memcpy(body, "c", 2);
    } else if (r->body == HTTP_BODY_LENGTH) {
        (void)snprintf(body, sizeof(body), "%llu", (unsigned long long)r->content_length);
    }
    (void)snprintf(out, len, "%s|%.*s|%.*s|%.*s|%u|%s|%s%s|%zu", method_names[r->method], (int)r->path.len,
                   (const char *)r->path.data, (int)r->query.len, r->query.len > 0 ? (const char *)r->query.data : "",
                   (int)r->host.len, r->host.len > 0 ? (const char *)r->host.data : "", r->minor, body,
                   r->keep_alive ? "k" : "x", r->expect_continue ? "e" : "", r->field_count);
}

static uint8_t buffer[HTTP_HEAD_LEN_USUAL];
static struct http_request_parser parser;

/* Feeds input in pieces: `first` octets, then `step` at a time. Gives the last status; *out_used counts what was taken. */
static enum status feed(struct span input, size_t first, size_t step, size_t *out_used)
{
    enum status status = STATUS_NEED_MORE;
    size_t n = first;
    size_t at = 0;
    http_request_init(&parser, buffer, sizeof(buffer));
    do {
        size_t used = 0;
        n = n > input.len - at ? input.len - at : n;
        status = http_request_feed(&parser, span_of(input.data + at, n), &used);
        at += used;
        n = step;
    } while (status == STATUS_NEED_MORE && at < input.len);
    *out_used = at;
    return status;
}

static void expect_same(const struct specimen *s, enum status status, size_t used)
{
    char text[512];
    EXPECT_TEXT(http_reason_label(parser.reason), http_reason_label(s->reason));
    EXPECT_INT(status, http_reason_status(s->reason));
    if (status == STATUS_OK && s->summary != NULL) {
        summarise(&parser.request, text, sizeof(text));
        EXPECT_TEXT(text, s->summary);
        EXPECT_INT(used, s->input.len);
    }
}

/* What was parsed is written as a head again, and must mean the same. */
static void write_back(const struct specimen *s)
{
    uint8_t copy[2048];
    struct writer w = writer_of(copy, sizeof(copy));
    const struct http_request *r = &parser.request;
    writer_bytes(&w, r->method_text);
    writer_text(&w, " ");
    writer_bytes(&w, r->target);
    writer_format(&w, " HTTP/1.%u\r\n", r->minor);
    for (size_t i = 0; i < r->field_count; i++) {
        writer_bytes(&w, r->fields[i].name);
        writer_text(&w, ": ");
        writer_bytes(&w, r->fields[i].value);
        writer_text(&w, "\r\n");
    }
    writer_text(&w, "\r\n");
    EXPECT(writer_ok(&w));
    struct specimen again = *s;
    again.input = writer_span(&w);
    size_t used = 0;
    enum status status = feed(again.input, again.input.len, 1, &used);
    expect_same(&again, status, used);
}

static void run_specimen(const struct specimen *s)
{
    size_t used = 0;
    enum status status = feed(s->input, s->input.len, 1, &used);
    expect_same(s, status, used);
    if (status == STATUS_OK) {
        write_back(s);
    }
    status = feed(s->input, 1, 1, &used);
    expect_same(s, status, used);
    size_t decided = used; /* the octet at which it was decided */
    for (size_t cut = 0; cut <= s->input.len && test_bad == 0; cut++) {
        status = feed(s->input, cut, s->input.len, &used);
        expect_same(s, status, used);
        EXPECT_INT(used, decided);
        status = feed(span_of(s->input.data, cut), cut, 1, &used); /* cut off */
        EXPECT_INT(status, cut < decided ? STATUS_NEED_MORE : http_reason_status(s->reason));
    }
}

static void all_specimens(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        test_row(specimens[i].section);
        run_specimen(&specimens[i]);
        test_row_end();
    }
}

static enum http_reason reason_of(struct span input)
{
    size_t used = 0;
    enum status status = feed(input, input.len, 1, &used);
    EXPECT(status == STATUS_OK || status == http_reason_status(parser.reason));
    return parser.reason;
}

/* Every octet at one place of a head; `good` lists those that pass, all others must be refused. */
static void octet_sweep(const char *before, const char *after, const char *good, bool high_good)
{
    for (unsigned c = 0; c < 256; c++) {
        char text[256];
        struct writer w = writer_of(text, sizeof(text));
        writer_text(&w, before);
        writer_u8(&w, (uint8_t)c);
        writer_text(&w, after);
        bool expected = c >= 0x80 ? high_good : (c != 0 && strchr(good, (int)c) != NULL);
        enum http_reason reason = reason_of(writer_span(&w));
        if ((reason == HTTP_REASON_NONE) != expected) {
            printf("  octet %02x: %s\n", c, http_reason_label(reason));
            EXPECT(false);
        }
    }
}

#define ALNUM "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void octets_in_method(void)
{
    octet_sweep("GE", "T / HTTP/1.1\r\n" H E, ALNUM "!#$%&'*+-.^_`|~", false);
}

static void octets_in_name(void)
{
    /* A colon ends the name early, which is no error. */
    octet_sweep(G H "X", "Y: z\r\n\r\n", ALNUM "!#$%&'*+-.^_`|~:", false);
}

static void octets_in_value(void)
{
    octet_sweep(G H "X: a", "b\r\n\r\n", ALNUM " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true);
}

static void octets_in_path(void)
{
    octet_sweep("GET /a", "b HTTP/1.1\r\n" H E, ALNUM "-._~!$&'()*+,;=:@/?", false);
}

static void octets_in_query(void)
{
    octet_sweep("GET /?a", "b HTTP/1.1\r\n" H E, ALNUM "-._~!$&'()*+,;=:@/?", false);
}

static void octets_in_host(void)
{
    octet_sweep(G "Host: a", "1\r\n\r\n", ALNUM "-._~!$&'()*+,;=:", false);
}

static void octets_in_length(void)
{
    octet_sweep(P "Content-Length: 1", "1\r\n\r\n", "0123456789", false);
}

/* A head of `fields` fields of `value_len` octets after a target of target_len octets. */
static struct span big_head(size_t target_len, size_t fields, size_t value_len)
{
    static uint8_t text[40000];
    struct writer w = writer_of(text, sizeof(text));
    writer_text(&w, "GET /");
    for (size_t i = 1; i < target_len; i++) {
        writer_u8(&w, 'a');
    }
    writer_text(&w, " HTTP/1.1\r\nHost: h\r\n");
    for (size_t i = 0; i < fields; i++) {
        writer_text(&w, "X: ");
        for (size_t j = 0; j < value_len; j++) {
            writer_u8(&w, 'v');
        }
        writer_text(&w, "\r\n");
    }
    writer_text(&w, "\r\n");
    EXPECT(writer_ok(&w));
    return writer_span(&w);
}

static void limits(void)
{
    EXPECT_INT(reason_of(big_head(HTTP_TARGET_LEN_MAX, 0, 0)), HTTP_REASON_NONE);
    EXPECT_INT(reason_of(big_head(HTTP_TARGET_LEN_MAX + 1, 0, 0)), HTTP_REASON_TARGET_TOO_LONG);
    EXPECT_INT(reason_of(big_head(20000, 0, 0)), HTTP_REASON_TARGET_TOO_LONG);
    EXPECT_INT(reason_of(big_head(1, HTTP_FIELDS_MAX - 1, 10)), HTTP_REASON_NONE);
    EXPECT_INT(parser.request.field_count, HTTP_FIELDS_MAX);
    EXPECT_INT(reason_of(big_head(1, HTTP_FIELDS_MAX, 10)), HTTP_REASON_FIELDS_TOO_MANY);
    EXPECT_INT(reason_of(big_head(1, 1, 16000)), HTTP_REASON_NONE);
    EXPECT_INT(reason_of(big_head(1, 1, 17000)), HTTP_REASON_FIELDS_TOO_LARGE);
    EXPECT_INT(reason_of(big_head(1, 30, 1000)), HTTP_REASON_FIELDS_TOO_LARGE);
}

static void small_buffer(void)
{
    static uint8_t small[HTTP_HEAD_LEN_MIN];
    struct span head = big_head(300, 0, 0);
    size_t used = 0;
    http_request_init(&parser, small, sizeof(small));
    EXPECT_INT(http_request_feed(&parser, head, &used), STATUS_TOO_LARGE);
    EXPECT_INT(parser.reason, HTTP_REASON_TARGET_TOO_LONG);
    EXPECT_INT(used, HTTP_HEAD_LEN_MIN + 1);
    EXPECT_INT(http_request_feed(&parser, head, &used), STATUS_TOO_LARGE); /* stays refused */
    EXPECT_INT(used, 0);
}

static void long_host(void)
{
    char text[600];
    struct writer w = writer_of(text, sizeof(text));
    writer_text(&w, G "Host: ");
    for (size_t i = 0; i < 300; i++) {
        writer_u8(&w, 'a');
    }
    writer_text(&w, "\r\n\r\n");
    EXPECT_INT(reason_of(writer_span(&w)), HTTP_REASON_HOST);
}

static void pipelined(void)
{
    const struct span input = SPAN_LITERAL("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nrest");
    size_t used = 0;
    size_t at = 0;
    for (int i = 1; i <= 2; i++) {
        http_request_init(&parser, buffer, sizeof(buffer));
        EXPECT(http_request_idle(&parser));
        EXPECT_INT(http_request_feed(&parser, span_of(input.data + at, input.len - at), &used), STATUS_OK);
        EXPECT(!http_request_idle(&parser));
        EXPECT_INT(parser.request.path.data[1], '0' + i);
        at += used;
    }
    EXPECT_INT(input.len - at, 4);
}

static void field_lookup(void)
{
    const struct span input = SPAN_LITERAL(G H "Accept: a\r\nX: 1\r\naccept: b, \"c,d\"\r\nACCEPT:\r\n\r\n");
    size_t index = 0;
    struct span value;
    EXPECT_INT(reason_of(input), HTTP_REASON_NONE);
    const struct http_request *r = &parser.request;
    EXPECT_INT(http_request_field_count(r, "Accept"), 3);
    EXPECT_INT(http_request_field_count(r, "Accep"), 0);
    EXPECT(http_request_field(r, "aCCept", &value) && span_is(value, "a"));
    EXPECT(!http_request_field(r, "Y", &value));
    EXPECT(http_request_field_next(r, "accept", &index, &value) && span_is(value, "a"));
    EXPECT(http_request_field_next(r, "accept", &index, &value) && span_is(value, "b, \"c,d\""));
    EXPECT(http_request_field_next(r, "accept", &index, &value) && value.len == 0);
    EXPECT(!http_request_field_next(r, "accept", &index, &value));
    EXPECT(http_request_has_token(r, "Accept", "B"));
    EXPECT(!http_request_has_token(r, "Accept", "c"));
    EXPECT(!http_request_has_token(r, "X", "2"));
}

static void reason_table(void)
{
    for (unsigned i = 0; i < HTTP_REASON_COUNT; i++) {
        enum http_reason reason = (enum http_reason)i;
        unsigned status = http_reason_http_status(reason);
        EXPECT(i == 0 ? status == 0 : status >= 400 && status <= 505);
        EXPECT((http_reason_status(reason) == STATUS_OK) == (i == 0));
        EXPECT(strlen(http_reason_text(reason)) > 0);
        for (unsigned j = 0; j < i; j++) { /* labels are distinct */
            EXPECT(strcmp(http_reason_label(reason), http_reason_label((enum http_reason)j)) != 0);
        }
    }
    EXPECT_TEXT(http_reason_label(HTTP_REASON_COUNT), "invalid");
    EXPECT_TEXT(http_reason_text(HTTP_REASON_COUNT), "invalid reason");
    EXPECT_INT(http_reason_http_status(HTTP_REASON_COUNT), 500);
}

static const struct test_case cases[] = {
    {"specimens", all_specimens},
    {"9112 3.1 every octet in the method", octets_in_method},
    {"9110 5.1 every octet in a field name", octets_in_name},
    {"9110 5.5 every octet in a field value", octets_in_value},
    {"3986 3.3 every octet in the path", octets_in_path},
    {"3986 3.4 every octet in the query", octets_in_query},
    {"3986 3.2.2 every octet in the host", octets_in_host},
    {"9110 8.6 every octet in the length", octets_in_length},
    {"9112 3, 9110 5.4 limits", limits},
    {"9112 3 small buffer", small_buffer},
    {"9110 7.2 long host", long_host},
    {"9112 9.3.2 pipelined requests", pipelined},
    {"9110 5.3 looking up fields", field_lookup},
    {"table of reasons", reason_table},
};

int main(void)
{
    return TEST_MAIN(cases);
}
