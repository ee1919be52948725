rockspec_format = "3.0"
package = "frontdesk"
version = "scm-1"

source = {
  url = "git+https://frontdesk.example/frontdesk.git",
}

description = {
  summary = "Five customer-facing services as Lua tables, on a C core",
  detailed = [[
frontdesk lets a short Lua script work hearme, POS people, eTelecom, Imbee and
OMICall: fields are checked before anything is sent, and every failure is one
kind of error. Its core speaks HTTP through libcurl and reads JSON strictly.
A sandbox of all five services comes with it.]],
  license = "MIT",
  labels = { "http", "api", "client", "json", "crm" },
}

supported_platforms = { "linux" }

-- libcurl is found by the compiler: a check for curl/curl.h would miss it where
-- headers live in a folder per architecture (Debian). CURL_DIR is honoured.
dependencies = {
  "lua >= 5.1",
  "lua-cjson >= 2.1.0",
}

build = {
  type = "builtin",
  modules = {
    ["frontdesk.core"] = {
      sources = {
        "csrc/binding/core.c",
        "csrc/binding/l_engine.c",
        "csrc/binding/l_file.c",
        "csrc/binding/l_headers.c",
        "csrc/binding/l_json.c",
        "csrc/binding/l_json_decode.c",
        "csrc/binding/l_json_encode.c",
        "csrc/binding/l_json_problem.c",
        "csrc/binding/l_shape.c",
        "csrc/binding/l_transfer.c",
        "csrc/binding/l_url.c",
        "csrc/binding/shape_compile.c",
        "csrc/binding/shape_describe.c",
        "csrc/binding/shape_encode.c",
        "csrc/binding/shape_field.c",
        "csrc/binding/shape_names.c",
        "csrc/binding/shape_problem.c",
        "csrc/binding/shape_rules.c",
        "csrc/binding/shape_value.c",
        "csrc/binding/shape_write.c",
        "csrc/engine/buffer.c",
        "csrc/engine/engine.c",
        "csrc/engine/engine_drive.c",
        "csrc/engine/fork_mark.c",
        "csrc/engine/handle.c",
        "csrc/engine/handle_pool.c",
        "csrc/engine/header_list.c",
        "csrc/engine/poller.c",
        "csrc/engine/request.c",
        "csrc/engine/status.c",
        "csrc/engine/transfer.c",
        "csrc/engine/url.c",
        "csrc/json/escape.c",
        "csrc/json/number.c",
        "csrc/json/scanner.c",
        "csrc/json/scanner_number.c",
        "csrc/json/shortest.c",
        "csrc/json/utf8.c",
      },
      defines = { "_GNU_SOURCE" },
      incdirs = { "csrc", "$(CURL_INCDIR)" },
      libraries = { "curl" },
    },
    ["frontdesk"] = "lua/frontdesk/init.lua",
    ["frontdesk.catalogue"] = "lua/frontdesk/catalogue.lua",
    ["frontdesk.client"] = "lua/frontdesk/client.lua",
    ["frontdesk.config"] = "lua/frontdesk/config.lua",
    ["frontdesk.credentials"] = "lua/frontdesk/credentials.lua",
    ["frontdesk.csv"] = "lua/frontdesk/csv.lua",
    ["frontdesk.envelope"] = "lua/frontdesk/envelope.lua",
    ["frontdesk.errors"] = "lua/frontdesk/errors.lua",
    ["frontdesk.host"] = "lua/frontdesk/host/init.lua",
    ["frontdesk.host.plain"] = "lua/frontdesk/host/plain.lua",
    ["frontdesk.json"] = "lua/frontdesk/json.lua",
    ["frontdesk.nearest"] = "lua/frontdesk/nearest.lua",
    ["frontdesk.operation"] = "lua/frontdesk/operation.lua",
    ["frontdesk.output"] = "lua/frontdesk/output.lua",
    ["frontdesk.paginate"] = "lua/frontdesk/paginate.lua",
    ["frontdesk.paths"] = "lua/frontdesk/paths.lua",
    ["frontdesk.redact"] = "lua/frontdesk/redact.lua",
    ["frontdesk.redirect"] = "lua/frontdesk/redirect.lua",
    ["frontdesk.request"] = "lua/frontdesk/request.lua",
    ["frontdesk.response"] = "lua/frontdesk/response.lua",
    ["frontdesk.retry_after"] = "lua/frontdesk/retry_after.lua",
    ["frontdesk.sandbox"] = "lua/frontdesk/sandbox/init.lua",
    ["frontdesk.sandbox.application"] = "lua/frontdesk/sandbox/application.lua",
    ["frontdesk.sandbox.base64"] = "lua/frontdesk/sandbox/base64.lua",
    ["frontdesk.sandbox.certificate"] = "lua/frontdesk/sandbox/certificate.lua",
    ["frontdesk.sandbox.control"] = "lua/frontdesk/sandbox/control.lua",
    ["frontdesk.sandbox.control_client"] = "lua/frontdesk/sandbox/control_client.lua",
    ["frontdesk.sandbox.faults"] = "lua/frontdesk/sandbox/faults.lua",
    ["frontdesk.sandbox.http_auth"] = "lua/frontdesk/sandbox/http_auth.lua",
    ["frontdesk.sandbox.ids"] = "lua/frontdesk/sandbox/ids.lua",
    ["frontdesk.sandbox.json"] = "lua/frontdesk/sandbox/json.lua",
    ["frontdesk.sandbox.main"] = "lua/frontdesk/sandbox/main.lua",
    ["frontdesk.sandbox.negotiate"] = "lua/frontdesk/sandbox/negotiate.lua",
    ["frontdesk.sandbox.nginx.config"] = "lua/frontdesk/sandbox/nginx/config.lua",
    ["frontdesk.sandbox.nginx.connection"] = "lua/frontdesk/sandbox/nginx/connection.lua",
    ["frontdesk.sandbox.nginx.find"] = "lua/frontdesk/sandbox/nginx/find.lua",
    ["frontdesk.sandbox.nginx.front"] = "lua/frontdesk/sandbox/nginx/front.lua",
    ["frontdesk.sandbox.nginx.hashes"] = "lua/frontdesk/sandbox/nginx/hashes.lua",
    ["frontdesk.sandbox.nginx.paths"] = "lua/frontdesk/sandbox/nginx/paths.lua",
    ["frontdesk.sandbox.nginx.run"] = "lua/frontdesk/sandbox/nginx/run.lua",
    ["frontdesk.sandbox.nginx.watch"] = "lua/frontdesk/sandbox/nginx/watch.lua",
    ["frontdesk.sandbox.ports"] = "lua/frontdesk/sandbox/ports.lua",
    ["frontdesk.sandbox.process"] = "lua/frontdesk/sandbox/process.lua",
    ["frontdesk.sandbox.reply"] = "lua/frontdesk/sandbox/reply.lua",
    ["frontdesk.sandbox.respond"] = "lua/frontdesk/sandbox/respond.lua",
    ["frontdesk.sandbox.router"] = "lua/frontdesk/sandbox/router.lua",
    ["frontdesk.sandbox.server"] = "lua/frontdesk/sandbox/server.lua",
    ["frontdesk.sandbox.services.etelecom"] = "lua/frontdesk/sandbox/services/etelecom.lua",
    ["frontdesk.sandbox.services.hearme"] = "lua/frontdesk/sandbox/services/hearme.lua",
    ["frontdesk.sandbox.services.imbee"] = "lua/frontdesk/sandbox/services/imbee.lua",
    ["frontdesk.sandbox.services.omicall"] = "lua/frontdesk/sandbox/services/omicall.lua",
    ["frontdesk.sandbox.services.omicall.contact_book"] = "lua/frontdesk/sandbox/services/omicall/contact_book.lua",
    ["frontdesk.sandbox.services.pos"] = "lua/frontdesk/sandbox/services/pos.lua",
    ["frontdesk.sandbox.services.pos.answers"] = "lua/frontdesk/sandbox/services/pos/answers.lua",
    ["frontdesk.sandbox.services.pos.fields"] = "lua/frontdesk/sandbox/services/pos/fields.lua",
    ["frontdesk.sandbox.services.pos.samples"] = "lua/frontdesk/sandbox/services/pos/samples.lua",
    ["frontdesk.sandbox.transport"] = "lua/frontdesk/sandbox/transport.lua",
    ["frontdesk.sandbox.value"] = "lua/frontdesk/sandbox/value.lua",
    ["frontdesk.service"] = "lua/frontdesk/service.lua",
    ["frontdesk.services.etelecom"] = "lua/frontdesk/services/etelecom.lua",
    ["frontdesk.services.hearme"] = "lua/frontdesk/services/hearme.lua",
    ["frontdesk.services.imbee"] = "lua/frontdesk/services/imbee.lua",
    ["frontdesk.services.omicall"] = "lua/frontdesk/services/omicall.lua",
    ["frontdesk.services.pos"] = "lua/frontdesk/services/pos.lua",
    ["frontdesk.transport"] = "lua/frontdesk/transport/init.lua",
    ["frontdesk.transport.engine"] = "lua/frontdesk/transport/engine.lua",
  },
}

test = {
  type = "command",
  command = "make test",
}
