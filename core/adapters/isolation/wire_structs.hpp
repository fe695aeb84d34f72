// The members of each struct that travels: see wire.hpp. In the order of the headers.
#pragma once

#include <patchbay/adapter.h>
#include <patchbay/ext/http.h>
#include <patchbay/ext/kv.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/stream.h>
#include <patchbay/ext/webhook.h>
#include <patchbay/ext/websocket.h>

namespace patchbay::adapters::wire {

// A struct that has grown has a member that must travel, too.
static_assert(sizeof(pbay_result) == 56);
static_assert(sizeof(pbay_chat) == 40);
static_assert(sizeof(pbay_sender) == 48);
static_assert(sizeof(pbay_inbound_file) == 88);
static_assert(sizeof(pbay_outbound_file) == 72);
static_assert(sizeof(pbay_event) == 248);
static_assert(sizeof(pbay_option) == 56);
static_assert(sizeof(pbay_delivery) == 248);
static_assert(sizeof(pbay_caps) == 64);
static_assert(sizeof(pbay_state) == 64);
static_assert(sizeof(pbay_report) == 56);
static_assert(sizeof(pbay_completion) == 40);
static_assert(sizeof(pbay_header) == 40);
static_assert(sizeof(pbay_http_part) == 80);
static_assert(sizeof(pbay_http_request) == 136);
static_assert(sizeof(pbay_http_response) == 56);
static_assert(sizeof(pbay_kv_value) == 24);
static_assert(sizeof(pbay_listener_event) == 32);
static_assert(sizeof(pbay_webhook_request) == 80);
static_assert(sizeof(pbay_webhook_answer) == 40);
static_assert(sizeof(pbay_websocket_options) == 56);
static_assert(sizeof(pbay_websocket_event) == 32);
static_assert(sizeof(pbay_stream_event) == 24);

template <class C>
void fields(C& c, typename C::template Ref<pbay_result> v) {
  c(v.code, v.sent_state, v.retry_scope, v.retry_after_ms, v.text);
  c.array(v.remote_ids, v.remote_id_count, v.remote_id_stride);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_chat> v) {
  c(v.kind, v.id, v.thread_id);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_sender> v) {
  c(v.is_bot, v.is_self, v.id, v.name);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_inbound_file> v) {
  c(v.kind, v.staging, v.reference, v.name, v.mime, v.size, v.error);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_outbound_file> v) {
  c.descriptor(v.fd);
  c(v.size, v.kind, v.name, v.mime, v.caption);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_event> v) {
  c(v.kind, v.flags, v.event_id, v.message_id, v.target_id, v.emoji, v.action);
  c.one(v.chat);
  c(v.chat_name);
  c.one(v.sender);
  c(v.timestamp_ms, v.text, v.reply_to_id, v.reply_to_text, v.reply_to_sender);
  c.array(v.files, v.file_count, v.file_stride);
  c(v.group_id, v.extra_json);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_option> v) {
  c(v.label, v.value, v.url);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_delivery> v) {
  c(v.operation, v.flags, v.attempt);
  c.one(v.chat);
  c(v.text);
  c.array(v.files, v.file_count, v.file_stride);
  c(v.target_id, v.reply_to_id, v.emoji, v.question_id, v.title);
  c.array(v.options, v.option_count, v.option_stride);
  c(v.idempotency_key, v.parts_done, v.resume_cursor);
  c.array(v.remote_ids, v.remote_id_count, v.remote_id_stride);
  c(v.deadline_ms, v.extra_json);
  c.array(v.target_ids, v.target_id_count, v.target_id_stride);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_caps> v) {
  c(v.generation, v.bits, v.text_unit, v.text_limit, v.caption_limit, v.files_per_part,
    v.file_bytes, v.edit_window_ms, v.chat_messages, v.chat_period_ms, v.account_messages,
    v.account_period_ms);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_state> v) {
  c(v.state, v.reason, v.user_action, v.login_code, v.login_code_is_qr);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_report> v) {
  c(v.state, v.remote_id, v.idempotency_key, v.reason);
}

// Without its detail, whose struct depends on what was asked for: see details.hpp.
template <class C>
void fields(C& c, typename C::template Ref<pbay_completion> v) {
  c(v.code, v.value, v.text);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_header> v) {
  c(v.name, v.value);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_http_part> v) {
  c.descriptor(v.fd);
  c(v.name, v.filename, v.mime, v.data, v.size);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_http_request> v) {
  c(v.flags, v.delivery_op, v.method, v.url);
  c.array(v.headers, v.header_count, v.header_stride);
  c.descriptor(v.body_fd);
  c(v.body_fd_size, v.body);
  c.array(v.parts, v.part_count, v.part_stride);
  c(v.response_staging, v.max_response_bytes, v.timeout_ms);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_http_response> v) {
  c(v.status, v.sent_state);
  c.array(v.headers, v.header_count, v.header_stride);
  c(v.body, v.staged_bytes);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_kv_value> v) {
  c(v.value);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_listener_event> v) {
  c(v.kind, v.connection, v.data);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_webhook_request> v) {
  c(v.request, v.method, v.target);
  c.array(v.headers, v.header_count, v.header_stride);
  c(v.body);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_webhook_answer> v) {
  c(v.status);
  c.array(v.headers, v.header_count, v.header_stride);
  c(v.body);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_websocket_options> v) {
  c(v.url);
  c.array(v.headers, v.header_count, v.header_stride);
  c(v.max_message_bytes, v.timeout_ms);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_websocket_event> v) {
  c(v.kind, v.close_code, v.data);
}

template <class C>
void fields(C& c, typename C::template Ref<pbay_stream_event> v) {
  c(v.kind, v.data);
}

}  // namespace patchbay::adapters::wire
