# frozen_string_literal: true

require_relative "../greeting"

raise unless greeting("you") == "hello you"
