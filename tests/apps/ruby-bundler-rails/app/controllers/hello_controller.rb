# frozen_string_literal: true

class HelloController < ActionController::Base
  def show = render(plain: "hello #{ENV.fetch("WHO")}")
end
