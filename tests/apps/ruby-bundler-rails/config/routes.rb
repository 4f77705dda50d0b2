# frozen_string_literal: true

Rails.application.routes.draw do
  get "up" => "rails/health#show"
  root "hello#show"
end
