# frozen_string_literal: true

def greeting(text) = "hello #{text}"
