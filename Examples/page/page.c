// A web page with a counter: `/` shows it, `/count` gives the number alone, and the page's button sends POST to
// `/increment`. A query can't change anything, so that `http_request` asks for that one to be sent again as an update.
//
// The answers to queries are not certified. A gateway that verifies certificates serves the page under its "raw" domain
// only; what updates answer is certified by the network itself.
#include "candid.h"
#include "ic0.h"

static u64 count;

typedef struct {
  Bytes name, value;
} Header;
static CandidField header_fields[] = {
    NUMBERED(Header, 0, name, &candid_text),
    NUMBERED(Header, 1, value, &candid_text),
};
static CandidType header_type = RECORD(Header, header_fields);
static CandidType headers_type = VEC(&header_type);

/// Of the request only what is used: decoding skips the other fields.
typedef struct {
  Bytes method, url;
} Request;
static CandidField request_fields[] = {
    FIELD(Request, method, &candid_text),
    FIELD(Request, url, &candid_text),
};
static CandidType request_type = RECORD(Request, request_fields);

typedef struct {
  u32 some;
  u8 value;
} OptBool;
static CandidType opt_bool = OPT(OptBool, &candid_bool);

typedef struct {
  u16 status_code;
  CandidVector headers;
  Bytes body;
  OptBool upgrade;
} Response;
static CandidField response_fields[] = {
    FIELD(Response, status_code, &candid_nat16),
    FIELD(Response, headers, &headers_type),
    FIELD(Response, body, &candid_blob),
    FIELD(Response, upgrade, &opt_bool),
};
static CandidType response_type = RECORD(Response, response_fields);

/// An answer with a body, and with one header of its own.
static void respond(u16 status, Bytes type, Bytes body, Bytes name, Bytes value) {
  Header headers[] = {
      {TEXT("Content-Type"), type},
      {TEXT("X-Content-Type-Options"), TEXT("nosniff")},
      {TEXT("Content-Security-Policy"), TEXT("default-src 'none'; form-action 'self'")},
      {name, value},
  };
  Response response = {.status_code = status, .headers = {headers, COUNT(headers)}, .body = body};
  candid_reply(&response_type, &response);
}

static const Bytes html = TEXT("text/html; charset=utf-8"), plain = TEXT("text/plain; charset=utf-8");
static const Bytes cache_control = TEXT("Cache-Control"), no_store = TEXT("no-store");

/// To the gateway: not like this, as an update.
static void ask_for_update(void) {
  Response response = {.status_code = 200, .upgrade = {1, 1}};
  candid_reply(&response_type, &response);
}

static void show_page(void) {
  Buffer page = {0};
  buffer_text(&page, TEXT("<!doctype html>\n<title>Counter</title>\n<h1>Counted to "));
  buffer_decimal(&page, count);
  buffer_text(&page, TEXT("</h1>\n<form method=\"post\" action=\"/increment\"><button>Count</button></form>\n"));
  respond(200, html, buffer_contents(&page), cache_control, no_store);
}

static void show_count(void) {
  Buffer number = {0};
  buffer_decimal(&number, count);
  buffer_byte(&number, '\n');
  respond(200, plain, buffer_contents(&number), cache_control, no_store);
}

static void not_found(void) { respond(404, plain, TEXT("There is no such page.\n"), cache_control, no_store); }
static void not_allowed(Bytes methods) { respond(405, plain, TEXT("Not like this.\n"), TEXT("Allow"), methods); }

/// The address without what follows a question mark.
static Bytes path_of(Bytes url) {
  u32 length = 0;
  while (length < url.count && url.data[length] != '?') length++;
  return (Bytes){url.data, length};
}

QUERY(http_request) {
  scratch_reset();
  Request request;
  candid_argument(&request_type, &request);
  Bytes path = path_of(request.url);
  int gets = bytes_equal(request.method, TEXT("GET")), posts = bytes_equal(request.method, TEXT("POST"));
  if (bytes_equal(path, TEXT("/increment"))) {
    if (posts) ask_for_update();
    else not_allowed(TEXT("POST"));
  } else if (bytes_equal(path, TEXT("/"))) {
    if (gets) show_page();
    else not_allowed(TEXT("GET"));
  } else if (bytes_equal(path, TEXT("/count"))) {
    if (gets) show_count();
    else not_allowed(TEXT("GET"));
  } else {
    not_found();
  }
}

/// Anyone can call this, without a gateway and with any request: it is checked here too.
UPDATE(http_request_update) {
  scratch_reset();
  Request request;
  candid_argument(&request_type, &request);
  if (!bytes_equal(path_of(request.url), TEXT("/increment"))) {
    not_found();
  } else if (!bytes_equal(request.method, TEXT("POST"))) {
    not_allowed(TEXT("POST"));
  } else {
    count++;
    // The browser gets the page anew; loading that again doesn't count again.
    respond(303, plain, TEXT("Counted.\n"), TEXT("Location"), TEXT("/"));
  }
}
