// Everything that a unit of work on the central database can use.
#pragma once

#include "store/attempts.hpp"
#include "store/audit.hpp"
#include "store/chat_moves.hpp"
#include "store/chats.hpp"
#include "store/destinations.hpp"
#include "store/early_reports.hpp"
#include "store/engagement_state.hpp"
#include "store/host_outbox.hpp"
#include "store/instance_kv.hpp"
#include "store/instance_state.hpp"
#include "store/intake.hpp"
#include "store/known_senders.hpp"
#include "store/ledger.hpp"
#include "store/pending_files.hpp"
#include "store/seen.hpp"
#include "store/sessions.hpp"
#include "store/uptime.hpp"
#include "store/watermarks.hpp"

namespace patchbay::store {

struct Repositories {
  explicit Repositories(Statements& statements)
      : chats(statements),
        chat_moves(statements),
        sessions(statements),
        seen(statements),
        intake(statements),
        ledger(statements),
        attempts(statements),
        early_reports(statements),
        uptime(statements),
        watermarks(statements),
        host_outbox(statements),
        destinations(statements),
        kv(statements),
        instance_state(statements),
        engagement(statements),
        known_senders(statements),
        pending_files(statements),
        audit(statements) {}

  ChatRepository chats;
  ChatMoveRepository chat_moves;
  SessionRepository sessions;
  SeenRepository seen;
  IntakeRepository intake;
  LedgerRepository ledger;
  AttemptRepository attempts;
  EarlyReportRepository early_reports;
  UptimeRepository uptime;
  WatermarkRepository watermarks;
  HostOutboxRepository host_outbox;
  DestinationRepository destinations;
  InstanceKvRepository kv;
  InstanceStateRepository instance_state;
  EngagementRepository engagement;
  KnownSenderRepository known_senders;
  PendingFilesRepository pending_files;
  AuditRepository audit;
};

}  // namespace patchbay::store
