/* response.c: a server that answers any bytes, through libcurl, into a transfer.
 *
 * Holds: the exchange comes to an end, with an answer or a failure that has a
 * sentence; neither headers nor body are larger than allowed; headers have no
 * line breaks and NULs; sentences have no control characters. */
#include "fuzz.h"

#include "engine/handle.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  MOST_BODY = 4096,
  MOST_HEADER_BYTES = 2048,
  MOST_HEADERS = 20,
  MOST_CONNECTIONS = 4,
  MOST_ANSWER = 16384
};

/* What answers each connection with the same bytes. */
typedef struct server {
  int listener;
  struct sockaddr_un address;
  int peers[MOST_CONNECTIONS];
  int count;
} server;

/* A name without a file, as Linux has them: it ends with the process. */
static void listen_on(server *self) {
  self->address.sun_family = AF_UNIX;
  snprintf(self->address.sun_path + 1, sizeof self->address.sun_path - 1,
           "frontdesk-fuzz-%d", (int)getpid());
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                               strlen(self->address.sun_path + 1));
  self->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  fuzz_check(bind(self->listener, (struct sockaddr *)&self->address, size) ==
                     0 &&
                 listen(self->listener, MOST_CONNECTIONS) == 0,
             "there is a server");
}

static void answer(server *self, const uint8_t *data, size_t size) {
  if (self->count == MOST_CONNECTIONS)
    return;
  int peer = accept(self->listener, NULL, NULL);
  if (peer < 0)
    return;
  ssize_t sent = send(peer, data, size, MSG_NOSIGNAL); /* -1: hung up */
  fuzz_check(sent < 0 || sent == (ssize_t)size, "the answer fits");
  shutdown(peer, SHUT_WR);
  self->peers[self->count++] = peer; /* what is sent to it must not fail */
}

static curl_socket_t open_socket(void *data, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  (void)data, (void)purpose;
  return socket(address->family, address->socktype, address->protocol);
}

static int close_socket(void *data, curl_socket_t socket) {
  (void)data;
  return close(socket);
}

/* Carries the handle's exchange to its end. */
static CURLcode perform(server *self, CURLM *multi, CURL *easy,
                        const uint8_t *data, size_t size) {
  CURLcode code = CURLE_OK;
  int running = 1;
  fuzz_check(curl_multi_add_handle(multi, easy) == CURLM_OK, "it can begin");
  while (running > 0) {
    curl_multi_perform(multi, &running);
    answer(self, data, size);
    if (running > 0)
      curl_multi_poll(multi, NULL, 0, 1, NULL);
  }
  int left = 0;
  const CURLMsg *message = curl_multi_info_read(multi, &left);
  fuzz_check(message != NULL && message->msg == CURLMSG_DONE, "it ends");
  code = message->data.result;
  curl_multi_remove_handle(multi, easy);
  return code;
}

static void check_text(const char *text) {
  for (; *text != '\0'; text++)
    fuzz_check((unsigned char)*text >= ' ' && *text != 127,
               "a sentence has no control character");
}

static void check_transfer(const fdk_transfer *transfer) {
  fuzz_check(transfer->state == FDK_DONE, "an exchange comes to an end");
  fuzz_check(transfer->body.size <= MOST_BODY, "a body has a limit");
  fuzz_check(transfer->answer.head.size <= MOST_HEADER_BYTES &&
                 fdk_answer_field_count(&transfer->answer) <= MOST_HEADERS,
             "headers have limits");
  for (size_t i = 0; i < transfer->answer.head.size; i++) {
    char byte = transfer->answer.head.data[i];
    fuzz_check(byte != '\r' && byte != '\n' && byte != '\0',
               "a header has no line break or NUL");
  }
  fuzz_check(transfer->answer.status >= 0 && transfer->answer.status < 1000,
             "a status has three digits");
  if (!transfer->failed) {
    fuzz_check(transfer->answer.status >= 200 || transfer->answer.status == 101,
               "an answer has a final status");
    return;
  }
  fuzz_check(transfer->failure.kind != FDK_KIND_NONE &&
                 transfer->failure.message[0] != '\0',
             "a failure has a kind and a sentence");
  check_text(transfer->failure.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static server self;
  if (self.listener == 0) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    listen_on(&self);
  }
  if (size == 0 || size > MOST_ANSWER)
    return 0;
  fdk_socket_hooks hooks = {open_socket, close_socket, NULL};
  fdk_handle *handle = fdk_handle_new(&hooks);
  CURLM *multi = curl_multi_init();
  fuzz_check(handle != NULL && multi != NULL, "there is memory");
  curl_easy_setopt(handle->easy, CURLOPT_ABSTRACT_UNIX_SOCKET,
                   self.address.sun_path + 1);

  static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE"};
  const char *method = methods[data[0] % 4];
  fdk_request request;
  fdk_request_init(&request);
  request.method = (fdk_text){method, strlen(method)};
  request.url = (fdk_text){"http://127.0.0.1:9/x", 20};
  request.timeout = 2;
  request.max_body = MOST_BODY;
  request.max_header_bytes = MOST_HEADER_BYTES;
  request.max_header_count = MOST_HEADERS;
  if ((data[0] & 4) != 0) {
    request.auth = FDK_AUTH_DIGEST;
    request.username = request.password = (fdk_text){"invented", 8};
  }
  fdk_transfer transfer = {0};
  fdk_failure failure;
  fuzz_check(fdk_request_check(&request, &failure) &&
                 fdk_transfer_take(&transfer, &request) &&
                 fdk_handle_prepare(handle, &request, &transfer, &failure),
             "the request is in order");
  CURLcode code = perform(&self, multi, handle->easy, data + 1, size - 1);
  fdk_transfer_finish(&transfer, handle->easy, code, handle->words, 0);
  check_transfer(&transfer);
  fdk_handle_free(handle);
  curl_multi_cleanup(multi);
  while (self.count > 0)
    close(self.peers[--self.count]);
  fdk_buffer_free(&transfer.answer.head);
  fdk_buffer_free(&transfer.answer.fields);
  fdk_buffer_free(&transfer.body);
  fdk_buffer_free(&transfer.send);
  return 0;
}
