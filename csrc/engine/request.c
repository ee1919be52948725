/* request.c: defaults and checks of a request; see transfer.h. */
#include "transfer.h"

#include <math.h>
#include <strings.h>

void fdk_request_init(fdk_request *request) {
  *request = (fdk_request){.timeout = 30,
                           .connect_timeout = 10,
                           .max_body = (size_t)16 << 20,
                           .max_header_bytes = (size_t)256 << 10,
                           .max_header_count = 1000};
}

static bool refuse(fdk_failure *failure, const char *field,
                   const char *message) {
  fdk_fail(failure, FDK_KIND_INVALID_INPUT, "%s", message);
  failure->field = field;
  return false;
}

/* Controls could end a header that is built from the text. */
static bool has_control(fdk_text text) {
  for (size_t i = 0; i < text.size; i++)
    if ((unsigned char)text.data[i] < ' ' || text.data[i] == 127)
      return true;
  return false;
}

static bool check_method(const fdk_request *request, fdk_failure *failure) {
  fdk_text method = request->method;
  if (method.data == NULL)
    return true;
  for (size_t i = 0; i < method.size; i++)
    if (method.data[i] < 'A' || method.data[i] > 'Z')
      return refuse(failure, "method", "the method must be capital letters");
  if (method.size == 0 || strcmp(method.data, "CONNECT") == 0 ||
      strcmp(method.data, "TRACE") == 0)
    return refuse(failure, "method", "the method is not one that can be used");
  if (strcmp(method.data, "HEAD") == 0 && request->body.data != NULL)
    return refuse(failure, "body", "a HEAD request cannot have a body");
  return true;
}

/* The URL itself is checked where it is parsed, once for many requests to the
 * same one. */
static bool check_version(const fdk_request *request, fdk_failure *failure) {
  if (request->http == FDK_HTTP_2 &&
      strncasecmp(request->url.data, "https:", 6) != 0)
    return refuse(failure, "http_version",
                  "HTTP/2 over plain http needs http_version "
                  "\"2-prior-knowledge\"");
  return true;
}

static bool check_credentials(const fdk_request *request,
                              fdk_failure *failure) {
  if (request->auth == FDK_AUTH_NONE)
    return true;
  if (request->username.data == NULL)
    return refuse(failure, "username", "this authentication needs a username");
  if (request->password.data == NULL)
    return refuse(failure, "password", "this authentication needs a password");
  if (has_control(request->username))
    return refuse(failure, "username",
                  "the username must not contain a control character");
  if (has_control(request->password))
    return refuse(failure, "password",
                  "the password must not contain a control character");
  if (request->auth == FDK_AUTH_BASIC &&
      memchr(request->username.data, ':', request->username.size) != NULL)
    return refuse(failure, "username",
                  "the username must not contain a colon: Basic "
                  "authentication cannot carry one");
  return true;
}

static bool check_times(const fdk_request *request, fdk_failure *failure) {
  if (isnan(request->timeout) || isnan(request->connect_timeout))
    return refuse(failure, "timeout", "the timeout is not a number");
  if (request->connect_timeout <= 0)
    return refuse(failure, "connect_timeout",
                  "the connect_timeout must be more than 0 seconds");
  if (request->timeout > 0)
    return true;
  fdk_fail(failure, FDK_KIND_TIMEOUT, "no time was left to send the request");
  failure->field = "timeout";
  return false;
}

bool fdk_request_check(const fdk_request *request, fdk_failure *failure) {
  if (has_control(request->ca_file))
    return refuse(failure, "ca_file", "the path contains a control character");
  if (has_control(request->crl_file))
    return refuse(failure, "crl_file", "the path contains a control character");
  if (has_control(request->proxy))
    return refuse(failure, "proxy", "the proxy contains a control character");
  return check_method(request, failure) && check_version(request, failure) &&
         check_credentials(request, failure) && check_times(request, failure);
}
